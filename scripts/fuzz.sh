#!/bin/sh
# Damaged files of every kind, read under the sanitizers (tests/fuzz/fuzz.c).
# Usage: scripts/fuzz.sh [SECONDS [SEED]]      (default: 60 seconds, seed 1)
set -eu
sbert=build/asan/sbert
out=build/fuzz
make -s -j"$(nproc 2>/dev/null || echo 2)" VARIANT=asan $sbert build/asan/fuzz
rm -rf $out
mkdir -p $out/corpora $out/configs $out/vectors
cp configs/*.json configs/bert/*.json configs/static/*.json $out/configs
cat >$out/configs/sets.json <<END
{"model": {"path": "m"}, "turns": "shares", "data_seed": 1, "drop_last": true, "train": {"data": [
{"data": "$out/corpora/*", "loss": "mnrl", "share": 1, "sample": 0.5,
"columns": ["q", "neg[0]", "neg[1]"]},
{"data": "-", "loss": "cosent", "score_range": [0, 1], "share": 2, "held_out": 0.1}]},
"evaluation": {"data": [{"data": "train.data[1]"}]}}
END
cp -r tests/fuzz/tokenizers $out/tokenizers
for family in albert cross distil modern modules mpnet roberta xlmr; do
    cp -r tests/golden/$family/model $out/$family
done
cp -r tests/golden/evaluators/retrieval4 $out/beir
cp -r tests/golden/static/rows $out/static
cp -r tests/golden/static/words $out/words
printf '4 3\nthe 0.5 -1e-2 3\n. . . 1 2 3\ncat 4 5 6\ncat 7 8 9\n' >$out/vectors/words.txt
gzip -c $out/vectors/words.txt >$out/vectors/words.txt.gz
$sbert synth --out $out/synth
for file in nli-dev sts-dev; do
    head -n 30 $out/synth/$file.tsv >$out/corpora/$file.tsv
    gzip -c $out/corpora/$file.tsv >$out/corpora/$file.tsv.gz
    sed 's/\t/,/g' $out/corpora/$file.tsv >$out/corpora/$file.csv
done
cat >$out/corpora/nli.jsonl <<'END'
{"gold_label": "entailment", "sentence1": "A man \"sings\".", "sentence2": "Someone s\u00efngs."}
{"gold_label": "-", "sentence1": "A dog runs.", "sentence2": "\ud83d\udc36"}
{"annotator_labels": ["neutral", "neutral"], "gold_label": "neutral", "sentence1": "", "sentence2": "x"}
END
printf 'main-captions\tMSRvid\t2012test\t1\t2.5\tA man plays.\tA man sleeps.\n' >$out/corpora/sts.csv
cat >$out/run.json <<END
{"output": "$out/run", "model": {"path": "tests/golden/tiny/model"},
 "train": {"data": [{"data": "$out/corpora/nli-dev.tsv"}]}, "max_steps": 2, "batch_size": 4}
END
cat >$out/configs/wrapping.json <<'END'
{"train": {"data": [{"data": "x", "loss": {"name": "sum", "weights": [1, 2], "losses": ["angle",
 {"name": "adaptive_layer", "kl_temperature": 0, "layer_weighting": "log", "loss":
  {"name": "matryoshka", "loss": "mnrl", "dims": [64, 32], "weights": [1, 3], "n_dims_per_step": 1}}]}}]}}
END
$sbert train $out/run.json >$out/train.log 2>&1
cp -r $out/run/model $out/model
$sbert train $out/run.json --set output=$out/cached --set cache.folder=$out/cache >$out/train.log 2>&1
data='train.data=[{"data": "'$out'/corpora/nli-dev.tsv", "columns": ["sentence1"], "noise": 0.6, "loss": "tsdae"}]'
$sbert train $out/run.json --set output=$out/tsdae --set "$data" >$out/train.log 2>&1
mv $out/tsdae/model $out/decoder
$sbert train $out/run.json --set output=$out/lora --set 'lora={"rank": 2}' >$out/train.log 2>&1
mv $out/lora/model $out/adapter
mkdir $out/shards
cp $out/model/config.json $out/model/tokenizer.json $out/shards
python3 scripts/split_weights.py $out/model/model.safetensors $out/shards
build/asan/fuzz $out "${1:-60}" "${2:-1}" 2>$out/fuzz.log || {
    tail -n 50 $out/fuzz.log >&2
    exit 1
}
