#!/bin/sh
# Kills a training run at random moments, resumes it each time, and compares the bits of its model
# and its moments with those of a run that was left alone. Then kills, at random moments, a run that
# goes on from its own model with --overwrite: a whole model must lie there each time, and the lock of
# the dead process must not block the next one.
# Usage: scripts/crash_loop.sh [KILLS]      (default: 40)
set -eu
kills=${1:-40}
sbert=build/release/sbert
out=build/crash
rm -rf $out
mkdir -p $out
$sbert synth --out $out/synth >/dev/null 2>&1
$sbert vocab $out/synth/sentences.txt --size 500 --out $out/vocab.txt >/dev/null 2>&1
cat >$out/config.json <<END
{
  "model": {"config": "configs/bert/tiny.json", "vocab": "$out/vocab.txt", "max_seq_length": 32},
  "train": {"data": [{"data": "$out/synth/nli-train.tsv"}]},
  "batch_size": 16,
  "max_steps": 1000,
  "evaluation": {"data": [{"data": "$out/synth/sts-dev.tsv"}], "every": 250},
  "checkpoint": {"every": 7}
}
END
start() { # name of the run folder, --resume or --overwrite
    $sbert train $out/config.json --set "output=$out/$1" "$2" >/dev/null 2>$out/$1.log &
    run=$!
}
bits() { cat $out/$1/model/model.safetensors $out/$1/checkpoints/step-000001000/state.safetensors | cksum; }

start whole --overwrite
wait $run
done=0
while [ $done -lt "$kills" ]; do
    start killed "$(ls -d $out/killed/checkpoints/step-????????? >/dev/null 2>&1 && echo --resume || echo --overwrite)"
    sleep "$(awk -v "seed=$done" 'BEGIN { srand(seed); print 0.3 + 0.5 * rand() }')"
    kill -KILL $run 2>/dev/null && done=$((done + 1)) || break
    wait $run 2>/dev/null || true
done
start killed --resume
wait $run
echo "killed $done times: $(bits killed), left alone: $(bits whole)"
[ "$(bits killed)" = "$(bits whole)" ]

cat >$out/again.json <<END
{
  "output": "$out/killed",
  "model": {"path": "$out/killed/model"},
  "train": {"data": [{"data": "$out/synth/nli-train.tsv"}]},
  "batch_size": 16,
  "max_steps": 1000,
  "evaluation": {"data": [{"data": "$out/synth/sts-dev.tsv"}], "every": 5, "at_start": false},
  "checkpoint": {"every": 7}
}
END
echo mine >$out/killed/notes.md
done=0 new=0
model() { cksum <$out/killed/model/model.safetensors; }
while [ $done -lt "$kills" ]; do
    before=$(model)
    $sbert train $out/again.json --overwrite >/dev/null 2>$out/again.log &
    run=$!
    sleep "$(awk -v "seed=$done" 'BEGIN { srand(seed); print 0.05 + 4 * rand() }')"
    kill -KILL $run 2>/dev/null && done=$((done + 1)) || { cat $out/again.log; exit 1; }
    wait $run 2>/dev/null || true
    $sbert info $out/killed/model >/dev/null
    [ "$(model)" = "$before" ] || new=$((new + 1))
done
$sbert train $out/again.json --overwrite --set max_steps=10 >/dev/null 2>$out/again.log
$sbert info $out/killed/model >/dev/null
echo "an overwrite of its own model killed $done times: a whole model each time, $new times a new one"
[ "$(cat $out/killed/notes.md)" = mine ]
[ "$(ls $out/killed | tr '\n' ' ')" = "checkpoints config.json evaluations.jsonl log.jsonl model notes.md " ]
