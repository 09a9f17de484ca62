#!/bin/sh
# From nothing to a small sentence-embedding model: corpus, vocabulary, training, scores, picture.
# Usage: scripts/quickstart.sh [SEED]      (make quickstart builds the program first)
set -eu
seed=${1:-1}
sbert=build/release/sbert
data=datasets/synth
config=configs/quickstart.json
run=runs/quickstart
say() { printf '\n== %s\n' "$*"; }
number() { sed -n "s/.*\"$1\": *\([-0-9.e]*\).*/\1/p"; }
percent() { awk -v x="$1" 'BEGIN { printf "%.1f", 100 * x }'; }
row() { # label, JSON of sbert eval
    printf '  %-34s %12s %15s\n' "$1" "$(percent "$(echo "$2" | number accuracy)")" \
        "$(percent "$(echo "$2" | number spearman_cosine)")"
}
score() { "$sbert" eval "$@" --nli $data/nli-test.tsv --sts $data/sts-test.tsv --json; }
train() { "$sbert" train $config --overwrite --set "seed=$seed" "$@"; }

say "Corpus: sentences from a small grammar, NLI pairs and scored pairs (sbert synth)"
$sbert synth --out $data --overwrite --seed "$seed"

say "Vocabulary: WordPiece, learnt from the training sentences (sbert vocab)"
$sbert vocab $data/sentences.txt --size 2000 --out $data/vocab.txt --overwrite

say "The same network before training: random weights, one step at learning rate 0"
train --set "output=$run-untrained" --set max_steps=1 --set learning_rate=0 >$data/untrained.log 2>&1 ||
    { cat $data/untrained.log; exit 1; }

say "Training a small BERT from scratch (sbert train $config)"
train --set "output=$run"

say "Scores on the test files, times 100"
printf '  %-34s %12s %15s\n' "" "NLI accuracy" "STS Spearman"
row "before training" "$(score $run-untrained/model)"
row "bag of words" "$(score --baseline --train $data/nli-train.tsv)"
row "after training" "$(score $run/model)"

say "Cosine similarity of some sentences, also as a picture: $run/similarity.svg"
cut -f 2,3 $data/sts-test.tsv | sed -n '2,4p' | tr '\t' '\n' >$run/sentences.txt
$sbert similarity $run/model --file $run/sentences.txt --svg $run/similarity.svg --overwrite

say "What next"
cat <<END
The model lies in $run/model; Python's sentence-transformers opens that folder too.
  $sbert similarity $run/model "..." "..."      compare your own sentences
  $sbert encode $run/model FILE --out out.npy   vectors, one a line
With real data and a real pretrained model:
  sh scripts/download.sh stsb snli multinli minilm
  $sbert eval models/all-MiniLM-L6-v2 --sts datasets/stsb/sts-test.csv
  $sbert train configs/nli-softmax-minilm.json
README.md walks through it.
END
