#!/bin/bash
# Measures benchmarks of two versions of a module by plain processes, one after
# the other, for a long time. It knows nothing of the gate, which it is to judge.
#
#   results/plain/measure.sh FOLDER [LAYOUTS] [RUNS]
#
# Both versions are linked anew LAYOUTS times (default 15), each time in another
# random layout, and run RUNS times (default 2) in turn: with one CPU and
# GOMAXPROCS=1 into base-one.txt and head-one.txt, with all CPUs into base-all.txt
# and head-all.txt. It takes about 25 minutes.
set -euo pipefail
out=$(realpath "${1:?give a folder for the figures}") layouts=${2:-15} runs=${3:-2}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cpu=$(($(nproc) - 1))

fetch() { # MODULE@VERSION NAME
	local dir
	dir=$(cd "$work" && go mod download -json "$1" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
	cp -r "$dir" "$work/$2"
	chmod -R u+w "$work/$2"
}

run() { # SIDE CPUS FOLDER BENCHMARK COMMAND...
	local file=$out/$1-$2.txt folder=$3 bench=$4
	shift 4
	(cd "$folder" && "$@" -test.run='^$' -test.bench="$bench" -test.benchtime=0.3s -test.benchmem -test.timeout=2m) | grep -E '^(pkg:|Bench)' >>"$file"
}

while read -r module base head package bench; do
	rm -rf "$work/base" "$work/head"
	fetch "$module@$base" base
	fetch "$module@$head" head
	for ((i = 1; i <= layouts; i++)); do
		for side in base head; do
			(cd "$work/$side/$package" && go test -c -vet=off -ldflags="-randlayout=$((i * 7919))" -o "$work/$side.test" .)
		done
		for ((r = 0; r < runs; r++)); do
			order="base head"
			(((i + r) % 2)) && order="head base"
			for side in $order; do
				run "$side" one "$work/$side/$package" "$bench" env GOMAXPROCS=1 taskset -c "$cpu" "$work/$side.test"
				run "$side" all "$work/$side/$package" "$bench" "$work/$side.test"
			done
		done
	done
done <<'END'
github.com/tidwall/gjson v1.17.0 v1.18.0 . ^BenchmarkValid$
github.com/BurntSushi/toml v1.4.0 v1.5.0 . ^BenchmarkDecode$/^table$
github.com/cespare/xxhash/v2 v2.1.2 v2.3.0 . ^BenchmarkSum64$/^100B$
github.com/hashicorp/golang-lru/v2 v2.0.6 v2.0.7 . ^BenchmarkLRU_Freq$
github.com/go-chi/chi/v5 v5.2.1 v5.2.3 . ^BenchmarkMux$/^route:$/^hi$
github.com/google/btree v1.0.1 v1.1.3 . ^BenchmarkDeleteInsert$
github.com/google/btree v1.0.1 v1.1.3 . ^BenchmarkGet$
github.com/pelletier/go-toml/v2 v2.2.3 v2.2.4 benchmark ^BenchmarkUnmarshal$/^SimpleDocument$/^struct$
go.uber.org/zap v1.26.0 v1.27.0 . ^BenchmarkAddCallerAndStacktrace$
golang.org/x/text v0.28.0 v0.30.0 unicode/norm ^BenchmarkIterLargeNFC$
github.com/rs/zerolog v1.33.0 v1.34.0 . ^BenchmarkLogFieldType$/^Times$
END
