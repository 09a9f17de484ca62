#!/bin/sh
# Fetches public corpora into datasets/ and public models into models/, from their official homes.
# Usage: scripts/download.sh snli|multinli|stsb|minilm|bert-base|vocab|all ...
#   snli       datasets/snli/snli_1.0_{train,dev,test}.jsonl.gz                95 MB to fetch
#   multinli   datasets/multinli/multinli_1.0_{train,dev_*}.jsonl.gz          227 MB
#   stsb       datasets/stsb/sts-{train,dev,test}.csv                         0.4 MB
#   minilm     models/all-MiniLM-L6-v2/                                        91 MB
#   bert-base  models/bert-base-uncased/                                      440 MB
#   vocab      datasets/vocab/bert-base-uncased/vocab.txt                     0.2 MB
# What is there and right is not fetched again (of SNLI and MultiNLI: what is there); a broken
# transfer goes on where it stopped. Every file that is fetched is compared with its SHA-256, archives
# before they are unpacked. The archive of stsb is the exception: no checksum of it is published, so
# the three files in it are compared instead. The sums are those of the files as first seen; a file
# that differs is removed and named.
set -eu
cd "$(dirname "$0")/.."

hub=https://huggingface.co
minilm=$hub/sentence-transformers/all-MiniLM-L6-v2/resolve/1110a243fdf4706b3f48f1d95db1a4f5529b4d41
bert=$hub/google-bert/bert-base-uncased/resolve/86b5e0934494bd15c9632b12f734a8a67f723594
vocab_sum=07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3

usage() { sed -n '2,9s/^# //p' "$0"; }
fail() { printf 'download.sh: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

sum_of() {
    if has sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# get URL FILE: into FILE, going on with FILE.part when there is one.
get() {
    mkdir -p "$(dirname "$2")"
    echo "fetching $1"
    if has curl; then
        curl -fL --retry 2 --connect-timeout 20 -C - -o "$2.part" "$1" && code=0 || code=$?
        if [ "$code" = 33 ]; then # the server cannot go on: from the start
            curl -fL --retry 2 --connect-timeout 20 -o "$2.part" "$1" && code=0 || code=$?
        fi
    elif has wget; then
        wget -c -T 20 -t 3 -O "$2.part" "$1" && code=0 || code=$?
    else
        fail "needs curl or wget"
    fi
    [ "$code" = 0 ] || fail "cannot fetch $1 (exit code $code of the transfer). Is there a network?" \
        "Run the same line again to go on, or put the file at $2 by hand."
    mv "$2.part" "$2"
}

# check FILE SHA256: a file that differs is removed, so that the next run fetches it anew.
check() {
    found=$(sum_of "$1")
    [ "$found" = "$2" ] && return
    rm -f "$1"
    fail "$1 has SHA-256 $found, expected $2; it is removed"
}

right() { [ -f "$1" ] && [ "$(sum_of "$1")" = "$2" ]; }

# fetch URL FILE SHA256
fetch() {
    right "$2" "$3" && return
    rm -f "$2"
    # A part that is whole already would be refused by the server: look first.
    if right "$2.part" "$3"; then mv "$2.part" "$2"; else get "$1" "$2"; fi
    check "$2" "$3"
}

# member ARCHIVE.zip NAME: to standard output.
member() {
    if has unzip; then
        unzip -p "$1" "$2"
    else
        python3 -c 'import shutil, sys, zipfile
shutil.copyfileobj(zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]), sys.stdout.buffer)' "$1" "$2"
    fi
}

# nli DIR ARCHIVE-NAME URL SHA256 PART...: the parts of an archive as DIR/NAME_PART.jsonl.gz.
nli() {
    dir=$1 name=$2 url=$3 sum=$4
    shift 4
    has unzip || has python3 || fail "needs unzip or python3"
    missing=
    for part in "$@"; do
        [ -f "$dir/${name}_$part.jsonl.gz" ] || missing=1
    done
    [ -n "$missing" ] || return 0
    fetch "$url" "$dir/$name.zip" "$sum"
    for part in "$@"; do
        out=$dir/${name}_$part.jsonl
        member "$dir/$name.zip" "$name/${name}_$part.jsonl" >"$out.part" ||
            fail "cannot unpack ${name}_$part.jsonl of $dir/$name.zip"
        gzip -c "$out.part" >"$out.gz.part"
        rm "$out.part"
        mv "$out.gz.part" "$out.gz"
    done
    rm "$dir/$name.zip"
}

snli() {
    nli datasets/snli snli_1.0 https://nlp.stanford.edu/projects/snli/snli_1.0.zip \
        afb3d70a5af5d8de0d9d81e2637e0fb8c22d1235c2749d83125ca43dab0dbd3e train dev test
}

multinli() {
    nli datasets/multinli multinli_1.0 https://cims.nyu.edu/~sbowman/multinli/multinli_1.0.zip \
        049f507b9e36b1fcb756cfd5aeb3b7a0cfcb84bf023793652987f7e7e0957822 \
        train dev_matched dev_mismatched
}

stsb() {
    dir=datasets/stsb
    sums="train:0f71910b59aa1ad973c5897f0791f3b0965a92b8f82b1a95f3eea9f4162fda82
        dev:5d7e944d8b02734b07bfdb5df67db3420c64bed153fcaa1ba47ad03480cf4234
        test:affe45928a66ee5a708531233c95b7dacbbdc57f974f002a3d32ea0180cf816a"
    missing=
    for part in $sums; do
        right "$dir/sts-${part%%:*}.csv" "${part#*:}" || missing=1
    done
    [ -n "$missing" ] || return 0
    [ -f $dir/stsb.tar.gz ] ||
        get http://ixa2.si.ehu.eus/stswiki/images/4/48/Stsbenchmark.tar.gz $dir/stsb.tar.gz
    gzip -t $dir/stsb.tar.gz 2>/dev/null || {
        rm $dir/stsb.tar.gz
        fail "what came as $dir/stsb.tar.gz is no gzip file; it is removed"
    }
    tar -xzf $dir/stsb.tar.gz -C $dir --strip-components=1
    rm $dir/stsb.tar.gz
    for part in $sums; do
        check "$dir/sts-${part%%:*}.csv" "${part#*:}"
    done
}

# files URL DIR, and lines "SHA256 NAME" on standard input.
files() {
    while read -r sum name; do
        fetch "$1/$name" "$2/$name" "$sum"
    done
}

minilm() {
    files $minilm models/all-MiniLM-L6-v2 <<END
84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf modules.json
061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3 config_sentence_transformers.json
fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7 sentence_bert_config.json
953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41 config.json
4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23 1_Pooling/config.json
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037 tokenizer.json
acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b tokenizer_config.json
303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3 special_tokens_map.json
$vocab_sum vocab.txt
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db model.safetensors
END
}

bert_base() {
    files $bert models/bert-base-uncased <<END
7160e1553ad2ca51d8c1cb066be533db31826e12d173824c1bb0cb1a4f187d20 config.json
ce64fce797c24f68df90b40a3f74f579b336a493db14bd583fd520ea0d8c9a98 tokenizer.json
a025160ef0431f1a392f6f050c1310f4c5d9fb6f275932dbccba73c4d214bf10 tokenizer_config.json
$vocab_sum vocab.txt
68d45e234eb4a928074dfd868cead0219ab85354cc53d20e772753c6bb9169d3 model.safetensors
END
}

vocab() { fetch $bert/vocab.txt datasets/vocab/bert-base-uncased/vocab.txt $vocab_sum; }

# one NAME: a line when it is there.
one() {
    case $1 in
        snli) snli ;;
        multinli) multinli ;;
        stsb) stsb ;;
        minilm) minilm ;;
        bert-base) bert_base ;;
        vocab) vocab ;;
        all) for each in snli multinli stsb minilm bert-base vocab; do one $each; done; return ;;
    esac
    echo "$1: there"
}

[ $# -gt 0 ] || { usage >&2; exit 2; }
for what in "$@"; do
    case $what in
        snli | multinli | stsb | minilm | bert-base | vocab | all) ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; echo "download.sh: found '$what', expected one of the names above" >&2; exit 2 ;;
    esac
done
for what in "$@"; do
    one "$what"
done
