for f in /work/shared/models/*.onnx.gz; do m=$(basename $f .onnx.gz)
s=$(date +%s%N); ./irene export $f -o a.svg || echo FAIL; e=$(date +%s%N)
./irene export $f -o full.dot --depth 99 || echo FAIL
./irene export $f -o a.dot
t=$(date +%s%N); timeout 120 nop full.dot >/dev/null || echo NOPFAIL; u=$(date +%s%N)
echo "$m svg $(( (e-s)/1000000 )) ms, boxes $(grep -c ' \[label=' a.dot), full: nodes $(grep -cE '^\s+n[0-9]+ \[' full.dot) edges $(grep -c -- '->' full.dot) nop $(( (u-t)/1000000 )) ms"
done
