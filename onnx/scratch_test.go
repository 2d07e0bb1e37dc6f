package onnx
import ("testing";"path/filepath";"os")
func TestScratch(t *testing.T){
 fs,_:=filepath.Glob("/work/shared/models/*.onnx.gz")
 for _,f:=range fs{
  g,err:=Decode(f,Options{})
  if err!=nil{t.Error(err);continue}
  t.Log(filepath.Base(f),len(g.Nodes),len(g.Values),g.Warnings,g.Opsets)
 }
}
func BenchmarkScratch(b *testing.B){
 for _,f:=range []string{"bert-base","bert-base-dynamo","qwen3-8b-decode","bert-2layers-functions"}{
 b.Run(f,func(b *testing.B){
 raw,_:=os.ReadFile("/work/shared/models/"+f+".onnx.gz")
 x,_:=gunzip(raw,1<<30)
 b.ReportAllocs()
 b.SetBytes(int64(len(x)))
 for b.Loop(){ if _,err:=DecodeBytes(x,"x","",Options{});err!=nil{b.Fatal(err)}}
 })}
}
