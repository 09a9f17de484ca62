#!/bin/sh
# A short run on real data, as CI makes it: a small random BERT learns from real NLI pairs for some
# steps and is scored on STSb. Data: $SBERT_SHARED or ../shared; without it nothing is done.
set -eu
shared=${SBERT_SHARED:-../shared}/data
sbert=build/release/sbert
out=build/real_run
if [ ! -f "$shared/nli-mix/train.tsv.gz" ]; then
    echo "skipped: $shared is not there"
    exit 0
fi
rm -rf $out
mkdir -p $out
cat >$out/config.json <<END
{
  "output": "$out/run",
  "model": {
    "config": "configs/bert/tiny.json",
    "vocab": "$shared/vocab/bert-base-uncased/vocab.txt",
    "max_seq_length": 64
  },
  "train": {"data": [{"data": "$shared/nli-mix/train.tsv.gz"}]},
  "batch_size": 16,
  "max_steps": 60,
  "learning_rate": 0.0005,
  "evaluation": {
    "data": [
      {"data": "$shared/stsb/sts-dev.csv"},
      {"data": "$shared/stsb/sts-test.csv", "when": "test"}
    ]
  }
}
END
$sbert train $out/config.json --dry-run
$sbert train $out/config.json
$sbert info $out/run/model
$sbert eval $out/run/model --sts "$shared/stsb/sts-test.csv" --nli "$shared/snli/snli_1.0_dev.jsonl.gz"
cut -f 6 "$shared/stsb/sts-dev.csv" | head -n 100 >$out/sentences.txt
$sbert encode $out/run/model $out/sentences.txt --out $out/sentences.npy
$sbert similarity $out/run/model --file $out/sentences.txt --svg $out/similarity.svg >/dev/null
# 4 bytes for each of 100 * 128 numbers behind a header of 128 bytes
[ "$(wc -c <$out/sentences.npy)" -eq 51328 ]
