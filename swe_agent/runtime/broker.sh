# The broker: PID 1 of a sandbox. It takes one host-quoted line a request on stdin and evaluates it.
# Commands write to stdout (1); the broker's own replies go to stderr (2), so that a background job cannot garble them.
# Every reply lies between two markers with the request's nonce; a command can forge its own result only, and no verdict rests on it.
# Arguments: the repository's folder, a private folder for the shell's state.
n='
'
swe_root=$1
swe_home=$2
umask 022
exec 3<&0
trap '' INT
cd "$swe_root" || exit 3

# mend: the private folder belongs to the commands' user; what is no plain file in it is taken away.
mend() {
  [ -d "$swe_home" ] && [ ! -L "$swe_home" ] && [ -r "$swe_home" ] && [ -w "$swe_home" ] && [ -x "$swe_home" ] || {
    rm -f "$swe_home"
    mkdir -p "$swe_home"
    chmod 700 "$swe_home"
  }
  for swe_file in "$swe_home/cwd" "$swe_home/exports" "$swe_home/taken" "$swe_home/bundle"; do
    if [ -L "$swe_file" ] || { [ -e "$swe_file" ] && { [ ! -f "$swe_file" ] || [ ! -r "$swe_file" ] || [ ! -w "$swe_file" ]; }; }; then
      rm -rf "$swe_file" || { chmod -R u+rwx "$swe_file" && rm -rf "$swe_file"; }
    fi
  done
  [ -e "$swe_home/exports" ] || : >"$swe_home/exports"
} 2>/dev/null

# save CODE HOME: what lasts of a command's shell, unless that is done or has not begun.
save() {
  [ "$swe_left" ] || { pwd >"$2/cwd" && export -p >"$2/exports"; } 2>/dev/null
  exit "$1"
}

do_it() { eval "$swe_code"; }

# run NONCE COMMAND: a subshell takes up the state that the last command left, evaluates, and leaves its own.
# Nothing is sent meanwhile, so a reader of stdin sees the host go: then all ends.
run() {
  mend
  { IFS= read -r swe_line <&3 || kill -9 -1; } >/dev/null 2>&1 &
  swe_watch=$!
  set -- "$1" "$2" "$swe_home" "$swe_root"
  (
    trap - INT
    swe_left=1
    trap "save \$? '$3'" EXIT
    {
      . "$3/exports"
      swe_code=
      [ ! -f "$3/cwd" ] || IFS= read -r swe_code <"$3/cwd"
      cd "${swe_code:-$4}" || cd "$4" || cd /
    } 2>/dev/null
    swe_left=
    swe_code=$2
    unset swe_line swe_watch swe_file
    printf '\001%s<\001' "$1"
    do_it
    swe_code=$?
    { pwd >"$3/cwd" && export -p >"$3/exports"; } 2>/dev/null
    swe_left=1
    exit $swe_code
  ) 2>&1 </dev/null 3<&-
  swe_code=$?
  { kill -9 $swe_watch; wait $swe_watch; } 2>/dev/null
  printf '\001%s>%s\001' "$1" "$swe_code"
}

# ask NONCE CODE: the host's own work in the repository's folder, with its output as the reply.
ask() {
  mend
  (
    printf '\001%s<\001' "$1"
    { cd "$swe_root" && [ ! -L "$swe_root" ] && [ -r . ] && [ -w . ]; } 2>/dev/null || {
      [ ! -L "$swe_root" ] || rm "$swe_root"
      mkdir -p "$swe_root" && chmod u+rwx "$swe_root" && cd "$swe_root" || exit 9
    }
    eval "$2"
  ) >&2 2>&2 </dev/null 3<&-
  printf '\001%s>%s\001' "$1" "$?" >&2
}

# take SIZE: read exactly SIZE bytes of stdin into the private folder; they are always read, even if they cannot be kept.
take() {
  mend
  swe_taken=
  [ "$1" != 0 ] || { : >"$swe_home/taken" && swe_taken=1; return; } 2>/dev/null
  { swe_taken=1; dd bs="$1" count=1 iflag=fullblock 2>/dev/null; } >"$swe_home/taken" 2>/dev/null && return
  [ "$swe_taken" ] || dd bs="$1" count=1 iflag=fullblock >/dev/null 2>&1
  swe_taken=
}

# keep: whether the bytes of the last `take` are there, whole.
keep() { [ "$swe_taken" ] || { printf 'no space is left for it'; exit 9; }; }

# unpack: the tar that the host has put together in the private folder, into the repository.
unpack() {
  tar -xpf "$swe_home/bundle"
  swe_code=$?
  rm -f "$swe_home/bundle"
  return $swe_code
}

while IFS= read -r swe_line; do
  eval "$swe_line"
done
