# The broker: PID 1 of a sandbox. It takes one host-quoted line a request on stdin and evaluates it.
# Commands write to stdout (1); the broker's own replies go to stderr (2), so that a background job cannot garble them.
# Every reply lies between two markers with the request's nonce; a command can forge its own result only, and no verdict rests on it.
# It is a small shell, since it forks for every request; commands have a larger one of their own (`runner.sh`), started ahead.
# Arguments: the repository's folder, a private folder, a quick one for the shell's state (the private one where it cannot be had),
# the runner's text, the commands' shell, this text; where it begins again, how many bytes of a request nobody has read, and the pipe.
n='
'
swe_root=$1
swe_home=$2
swe_state=$3
[ -w "$swe_state" ] || swe_state=$swe_home
swe_runner=$4
swe_shell=$5
swe_program=$5
[ "$5" != sh ] || [ ! -x /bin/sh ] || swe_program=/bin/sh # busybox would take the broker's own program, which nobody may read
swe_self=$6
swe_due=${7:-0}
swe_pipe=$8 # not empty: descriptor 5 is a pipe to the shell that was started ahead
swe_nonce=
swe_watch=
swe_spare=
umask 022
exec 3<&0
swe_signals=INT # with a trap on EXIT bash heeds all that would end it; the first process heeds none
[ $$ = 1 ] && [ ! "$BASH_VERSION" ] || swe_signals='HUP INT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM XCPU XFSZ VTALRM PROF SYS'
trap '' $swe_signals
cd "$swe_root" || [ "$7" ] || exit 3

# again: a shell that finds no free process gives up. It begins anew as the same process, and the request counts as not begun.
again() {
  for swe_line in $swe_watch $swe_spare; do
    kill -9 "$swe_line" && wait "$swe_line" # until it is gone it may still take a byte of what comes next
  done 2>/dev/null
  [ "$swe_due" = 0 ] || [ $$ != 1 ] || kill -9 -1 # the host may not know yet: it waits for these bytes to be read
  [ ! "$swe_nonce" ] || { printf '\001%s>254\001' "$swe_nonce" && printf '\001%s>254\001' "$swe_nonce" >&2; }
  trap - $swe_signals
  [ -x "$0" ] || set -- "${0##*/}" # a command may have taken the copy away
  exec "${1:-$0}" -c "$swe_self" "${1:-$0}" "$swe_root" "$swe_home" "$swe_state" "$swe_runner" "$swe_shell" "$swe_self" "$swe_due" "$swe_pipe"
}
trap again EXIT
[ ! "$7" ] || kill -CHLD $$ # what died while it began anew holds a place until a shell hears of it
[ "$swe_due" = 0 ] || dd bs="$swe_due" count=1 iflag=fullblock >/dev/null 2>&1
swe_due=0

# mend: the private folders belong to the commands' user; what is no plain file in them is taken away.
mend() {
  for swe_file in "$swe_home" "$swe_state"; do
    [ -d "$swe_file" ] && [ ! -L "$swe_file" ] && [ -r "$swe_file" ] && [ -w "$swe_file" ] && [ -x "$swe_file" ] || {
      rm -f "$swe_file"
      mkdir -p "$swe_file"
      chmod 700 "$swe_file"
    }
  done
  for swe_file in "$swe_state/cwd" "$swe_state/exports" "$swe_home/bundle"; do
    if [ -L "$swe_file" ] || { [ -e "$swe_file" ] && { [ ! -f "$swe_file" ] || [ ! -r "$swe_file" ] || [ ! -w "$swe_file" ]; }; }; then
      rm -rf "$swe_file" || { chmod -R u+rwx "$swe_file" && rm -rf "$swe_file"; }
    fi
  done
  [ -e "$swe_state/exports" ] || : >"$swe_state/exports"
} 2>/dev/null

# commander [PREFIX ...]: becomes a shell that reads a `run` request from descriptor 5 and does it.
commander() {
  trap - $swe_signals
  exec "$@" "$swe_program" -c "$swe_runner" "$swe_shell" "$swe_state" "$swe_root" 2>&1 </dev/null 3<&-
}

# stand_by: starts a shell for the next command, so that none has to wait for one. What a small shell starts beside itself ignores two
# signals for good, and only `env` can take that back; where it cannot, no shell stands by.
stand_by() {
  swe_spare=
  [ "$swe_pipe" ] || return
  (commander env --default-signal=INT,QUIT) &
  swe_spare=$!
}

# run NONCE COMMAND: a shell takes up the state that the last command left, evaluates, and leaves its own. The one that stands by
# does it, or, where it is gone or a pipe cannot hold the request, one that is started now.
# A reader of stdin sees the host go: then all ends. The host sends nothing meanwhile, and an empty line for this reader after the result.
run() {
  swe_nonce=$1
  { IFS= read -r swe_line <&3 || kill -9 -1; } >/dev/null 2>&1 &
  swe_watch=$!
  if [ "$swe_spare" ] && [ ${#swe_line} -lt 4000 ] && [ -e "/proc/$swe_spare/exe" ]; then
    printf '%s\n' "$swe_line" >&5
    wait "$swe_spare"
    swe_code=$?
    printf '%s\n' "$1" >&5
    while IFS= read -r swe_line <&5 && [ "$swe_line" != "$1" ]; do
      swe_code=254 # it died before it had read all
    done
    swe_spare=
  else
    printf '%s\n' "$swe_line" 2>/dev/null | (commander 5<&0)
    swe_code=$?
  fi
  for swe_line in 1 2 3; do # the end of a child may interrupt a write that waits for the host, and a shell then gives it up
    printf '\001%s>%s\001' "$1" "$swe_code" && break
  done
  swe_nonce=
  [ "$swe_spare" ] || stand_by
  wait $swe_watch 2>/dev/null
  swe_watch=
}

# at_root: into the repository's folder, which is made again where it is gone.
at_root() {
  { cd "$swe_root" && [ ! -L "$swe_root" ] && [ -r . ] && [ -w . ]; } 2>/dev/null && return
  [ ! -L "$swe_root" ] || rm "$swe_root"
  mkdir -p "$swe_root" && chmod u+rwx "$swe_root" && cd "$swe_root" || exit 9
}

# ask NONCE CODE: the host's own work in the repository's folder, with its output as the reply.
ask() {
  swe_nonce=$1
  mend
  (
    trap - $swe_signals
    trap '' INT
    printf '\001%s<\001' "$1"
    at_root
    eval "$2"
  ) >&2 2>&2 </dev/null 3<&-
  printf '\001%s>%s\001' "$1" "$?" >&2
}

# put NONCE SIZE CODE: as `ask`, followed by SIZE bytes: they become the output of `bytes` in CODE, and are read in any case.
put() {
  swe_nonce=$1
  swe_due=$2
  mend
  swe_size=$2
  (
    trap - $swe_signals
    trap '' INT
    trap 'dd bs="$swe_size" count=1 iflag=fullblock <&3 >/dev/null 2>&1; exit 9' EXIT
    printf '\001%s<\001' "$1"
    at_root
    eval "$3"
  ) >&2 2>&2 </dev/null
  printf '\001%s>%s\001' "$1" "$?" >&2
  swe_due=0
}

# bytes: what follows the request of `put`. It ends the subshell: replacing it saves a process.
bytes() {
  trap - EXIT
  exec dd bs="$swe_size" count=1 iflag=fullblock <&3 2>/dev/null
}

# unpack: the tar that the host has put together in the private folder, into the repository.
unpack() {
  tar -xpf "$swe_home/bundle"
  swe_code=$?
  rm -f "$swe_home/bundle"
  return $swe_code
}

[ "$7" ] || { # one that begins anew has no process to spare
  {
    env --default-signal=INT,QUIT true && mkfifo -m 600 "$swe_home/pipe" && exec 5<>"$swe_home/pipe" && swe_pipe=5
    rm -f "$swe_home/pipe"
  } 2>/dev/null
  stand_by
}
while IFS= read -r swe_line; do
  eval "$swe_line"
done
trap - EXIT
