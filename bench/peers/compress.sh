#!/usr/bin/env bash
# One text under a model's coder and under the common compressors that this machine has, as a table.
# usage: bench/peers/compress.sh MODEL TEXT
# Environment variables (FORETELL_KERNELS) and the options in FORETELL_OPTIONS (--precision, --threads) go to foretell.
set -euo pipefail
if [ $# -ne 2 ]; then echo "usage: bench/peers/compress.sh MODEL TEXT" >&2; exit 2; fi
model=$1 text=$2
if [ ! -s "$text" ]; then echo "$text is missing or empty; name a file to compress." >&2; exit 2; fi
foretell=$(cd "$(dirname "$0")/../.." && pwd)/foretell
"$foretell" --help > /dev/null # builds it where needed, so that no build is timed
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
original=$(wc -c < "$text")
read -r -a options <<< "${FORETELL_OPTIONS:-}"

row() { # name, compressed bytes, seconds
  awk -v name="$1" -v bytes="$2" -v seconds="$3" -v original="$original" \
    'BEGIN { printf "%-18s %12d bytes %8.4f bits per byte %9.2f s\n", name, bytes, 8 * bytes / original, seconds }'
}
timed() { # output file, command...: seconds that the command took
  local output=$1 start end; shift
  start=$(date +%s.%N); "$@" > "$output"; end=$(date +%s.%N)
  awk -v start="$start" -v end="$end" 'BEGIN { print end - start }'
}
peer() { # command, options...
  command -v "$1" > /dev/null || { printf '%-18s not installed\n' "$1"; return 0; }
  local name=$* seconds; seconds=$(timed "$work/peer" "$@" -c "$text")
  row "${name/ -q/}" "$(wc -c < "$work/peer")" "$seconds"
}

row "as it is" "$original" 0
peer gzip -9
peer bzip2 -9
peer xz -9e
peer zstd -19 -q
peer zstd --ultra -22 -q
seconds=$(timed "$work/log" "$foretell" compress "$model" "$text" "$work/packed" "${options[@]}")
row "foretell" "$(wc -c < "$work/packed")" "$seconds"
seconds=$(timed "$work/log" "$foretell" decompress "$model" "$work/packed" "$work/restored" "${options[@]}")
cmp "$text" "$work/restored"
echo "foretell restored the very bytes in $seconds s."
