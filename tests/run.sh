#!/bin/sh
# Builds and runs every test; skipped ones are shown with the reason. The last line is
# "N passed, N failed, N skipped".
# Usage: tests/run.sh [VARIANT...]
#        (default: double release; the float suite compares itself with the double one)
# FILTER in the environment is Criterion's --filter.
set -u
jobs=$(nproc 2>/dev/null || echo 2)
[ $# -gt 0 ] || set -- double release
passed=0 failed=0 skipped=0
for variant in "$@"; do
    echo "== $variant"
    if ! make -s -j"$jobs" VARIANT="$variant" "build/$variant/sbert" "build/$variant/tests"; then
        failed=$((failed + 1))
        continue
    fi
    log=build/$variant/tests.log
    SBERT=build/$variant/sbert "build/$variant/tests" -j"$jobs" --short-filename --verbose \
        --color=never ${FILTER:+--filter "$FILTER"} >"$log" 2>&1
    code=$?
    grep -v -e '^\[RUN ' -e '^\[PASS' -e '^\[====\] Running' -e '^\[----\] Criterion' "$log"
    line=$(grep 'Synthesis' "$log" | tail -n 1)
    number() { echo "$line" | sed -n "s/.*$1: *\([0-9]*\).*/\1/p"; }
    p=$(number Passing) f=$(number Failing) c=$(number Crashing)
    # A run that dies, or fails without naming a test, is a failure too.
    if [ -z "$line" ] || { [ "$code" != 0 ] && [ "$((${f:-0} + ${c:-0}))" = 0 ]; }; then
        echo "== $variant: the tests ended with exit code $code"
        failed=$((failed + 1))
    fi
    # What a sanitizer says when a test's process ends comes after its result.
    reports=$(grep -c '^SUMMARY: .*Sanitizer' "$log")
    if [ "$reports" != 0 ]; then
        echo "== $variant: $reports reports of the sanitizers"
        failed=$((failed + reports))
    fi
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0} + ${c:-0}))
    skipped=$((skipped + $(grep -c '^\[SKIP' "$log")))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
