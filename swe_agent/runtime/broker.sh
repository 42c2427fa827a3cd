# The broker: PID 1 of a sandbox. It takes one host-quoted line a request on stdin and evaluates it.
# Commands write to stdout (1); the broker's own replies go to stderr (2), so that a background job cannot garble them.
# Every reply ends with the request's nonce; a command can forge its own result only, and no verdict rests on it.
# Arguments: the repository's folder, a private folder for the shell's state.
n='
'
swe_root=$1
swe_home=$2
umask 022
cd "$swe_root" || exit 3
: >"$swe_home/exports"

# run NONCE COMMAND: a subshell takes up the state that the last command left, evaluates, and leaves its own.
run() {
  (
    trap "swe_code=\$?; [ \"\$swe_left\" ] || { pwd >'$swe_home/cwd'; export -p >'$swe_home/exports'; } 2>/dev/null; exit \$swe_code" EXIT
    swe_left=1
    {
      [ ! -f "$swe_home/exports" ] || . "$swe_home/exports"
      [ ! -f "$swe_home/cwd" ] || IFS= read -r swe_code <"$swe_home/cwd"
      cd "${swe_code:-$swe_root}" || cd "$swe_root" || cd /
    } 2>/dev/null
    printf '\001%s<\001' "$1"
    swe_left=
    unset swe_line
    swe_code=$2
    set --
    eval "$swe_code"
    swe_code=$?
    { pwd >"$swe_home/cwd"; export -p >"$swe_home/exports"; } 2>/dev/null
    swe_left=1
    exit $swe_code
  ) 2>&1 </dev/null
  printf '\001%s>%s\001' "$1" "$?"
}

# ask NONCE CODE: the host's own work, with its output as the reply.
ask() {
  (cd "$swe_root" && eval "$2") >&2 2>&2 </dev/null
  printf '\001%s>%s\001' "$1" "$?" >&2
}

# take SIZE: read exactly SIZE bytes of stdin into the private folder; they are always read, even if they cannot be kept.
take() {
  swe_taken=
  { swe_taken=1; dd bs="$1" count=1 iflag=fullblock 2>/dev/null; } >"$swe_home/taken" 2>/dev/null ||
    [ "$swe_taken" ] || dd bs="$1" count=1 iflag=fullblock >/dev/null 2>&1
}

# start_git TAG: a repository of the sandbox's own, where the image has git: one commit, and a tag if one is given.
start_git() {
  command -v git >/dev/null || return 0
  git init -q . && git config core.compression 0 && git config core.looseCompression 0 && git config gc.auto 0 &&
    git add -A && git -c user.name=swe-agent -c user.email=swe-agent@localhost commit -q --allow-empty -m base &&
    { [ -z "$1" ] || git tag -- "$1"; }
}

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
