package ops

import "testing"

func TestMatMul(t *testing.T) {
	testProducts(t, []productRow{
		{
			op: "MatMul", since: 13, in: []string{"float32[batch, sequence, 768]", "=float32[768, 3072]"}, want: []string{"float32[batch, sequence, 3072]"},
			macs: "2359296*batch*sequence", work: "0", bytes: "3072*batch*sequence + 9437184, 12288*batch*sequence",
			products: []string{"1: batch*sequence 3072 768 weight"}, class: "gemm", dtype: "float32",
		},
		{
			op: "MatMul", since: 13, in: []string{"float16[batch, 12, sequence, 64]", "float16[batch, 12, 64, n]"}, want: []string{"float16[batch, 12, sequence, n]"},
			macs: "768*batch*n*sequence", products: []string{"12*batch: sequence n 64"}, class: "bmm",
		},
		{ // a small matrix that every batch shares is read once
			op: "MatMul", since: 1, in: []string{"float32[batch, 4, 8]", "float32[8, 16]"}, want: []string{"float32[batch, 4, 16]"},
			products: []string{"1: 4*batch 16 8"}, class: "bmm", bytes: "128*batch + 512, 256*batch",
		},
		{ // a weight on the left is multiplied transposed
			op: "MatMul", since: 1, in: []string{"=float32[1, 32, 1]", "float32[batch, 1, sequence]"}, want: []string{"float32[batch, 32, sequence]"},
			macs: "32*batch*sequence", products: []string{"1: batch*sequence 32 1 weight transB"}, class: "gemm",
		},
		{op: "MatMul", in: []string{"float32[batch, 3, 4]", "=float32[batch, 4, 5]"}, want: []string{"float32[batch, 3, 5]"}, products: []string{"batch: 3 5 4 weight"}, class: "bmm"},
		{op: "MatMul", in: []string{"float32[4]", "float32[4]"}, want: []string{"float32[]"}, macs: "4", products: []string{"1: 1 1 4"}},
		{op: "MatMul", in: []string{"float32[4]", "float32[2, 4, 3]"}, want: []string{"float32[2, 3]"}, macs: "24"},
		{op: "MatMul", in: []string{"float32[2, 3, 4]", "float32[4]"}, want: []string{"float32[2, 3]"}, macs: "24"},
		{op: "MatMul", in: []string{"float32[2, 1, 3, 4]", "float32[5, 4, 6]"}, want: []string{"float32[2, 5, 3, 6]"}, macs: "720", products: []string{"10: 3 6 4"}},
		{op: "MatMul", in: []string{"float32[n, 3]", "float32?"}, want: []string{"float32?"}, macs: "?"},
		{op: "MatMul", in: []string{"float32[2, ?]", "float32[4, 3]"}, want: []string{"float32[2, 3]"}, macs: "24"},
		{op: "MatMul", in: []string{"float32[2, 3]", "float32[4, 5]"}, want: []string{"error: inner dimensions 3 and 4 differ"}},
		{op: "MatMul", in: []string{"float32[]", "float32[4, 5]"}, want: []string{"error: scalar"}},
		{op: "MatMul", in: []string{"float32[2, 3, 4]", "float32[3, 4, 5]"}, want: []string{"error: do not broadcast"}},
	})
}

func TestGemm(t *testing.T) {
	testProducts(t, []productRow{
		{
			op: "Gemm", since: 13, attrs: attrs(intAttr("transB", 1)), in: []string{"float32[batch, 768]", "=float32[2, 768]", "=float32[2]"}, want: []string{"float32[batch, 2]"},
			macs: "1536*batch", work: "2*batch", bytes: "3072*batch + 6152, 8*batch", products: []string{"1: batch 2 768 weight transB"}, class: "gemm",
		},
		{
			op: "Gemm", since: 7, attrs: attrs(intAttr("transA", 1), floatAttr("alpha", 0.5), floatAttr("beta", 2)), in: []string{"float32[4, n]", "float32[4, 3]", "float32[3]"},
			want: []string{"float32[n, 3]"}, macs: "12*n", work: "9*n", products: []string{"1: n 3 4"}, class: "gemm",
		},
		{op: "Gemm", in: []string{"=float32[8, 4]", "float32[4, n]"}, want: []string{"float32[8, n]"}, products: []string{"1: n 8 4 weight transB"}},
		{op: "Gemm", in: []string{"float32[2, 3]", "float32[4, 5]"}, want: []string{"error: inner dimensions 3 and 4 differ"}},
		{op: "Gemm", in: []string{"float32[2, 3, 4]", "float32[4, 5]"}, want: []string{"error: rank 3"}},
		{op: "Gemm", in: []string{"float32?", "float32[4, 5]"}, want: []string{"float32[?, 5]"}, macs: "?"},
		{
			op: "com.microsoft:FusedGemm", attrs: attrs(strAttr("activation", "Tanh")), in: []string{"float32[batch, 768]", "=float32[768, 768]", "=float32[768]"},
			want: []string{"float32[batch, 768]"}, macs: "589824*batch", work: "1536*batch",
		},
		{
			op: "com.microsoft:GemmFloat8", attrs: attrs(intAttr("transB", 1), intAttr("dtype", 10)), in: []string{"float8e4m3fn[n, 16]", "=float8e4m3fn[32, 16]"},
			want: []string{"float16[n, 32]"}, macs: "512*n", bytes: "16*n + 512, 64*n", dtype: "float8e4m3fn",
		},
		{
			op: "com.microsoft:QGemm", in: []string{"uint8[n, 16]", "float32[]", "uint8[]", "=int8[16, 32]", "float32[]", "int8[]", "int32[32]", "float32[]", "uint8[]"},
			want: []string{"uint8[n, 32]"}, macs: "512*n", work: "128*n", dtype: "uint8",
		},
		{op: "com.microsoft:QGemm", in: []string{"uint8[n, 16]", "float32[]", "uint8[]", "=int8[16, 32]", "float32[]", "int8[]"}, want: []string{"float32[n, 32]"}, work: "32*n"},
	})
}

func TestFusedMatMul(t *testing.T) {
	testProducts(t, []productRow{
		{
			op: "com.microsoft:FusedMatMul", attrs: attrs(intAttr("transB", 1), floatAttr("alpha", 0.125)), in: []string{"float32[batch, 12, sequence, 64]", "float32[batch, 12, sequence, 64]"},
			want: []string{"float32[batch, 12, sequence, sequence]"}, macs: "768*batch*sequence**2", work: "12*batch*sequence**2",
			products: []string{"12*batch: sequence sequence 64 transB"}, class: "bmm",
		},
		{
			op: "com.microsoft:FusedMatMul", attrs: attrs(intAttr("transBatchA", 1), intAttr("transA", 1)), in: []string{"float32[7, 2, 3, 5]", "float32[2, 3, 7, 4]"},
			want: []string{"float32[2, 3, 5, 4]"}, macs: "840",
		},
		{op: "com.microsoft:TransposeMatMul", attrs: attrs(intAttr("transA", 1)), in: []string{"float32[4, 3]", "float32[4, 5]"}, want: []string{"float32[3, 5]"}, work: "0"},
		{op: "com.microsoft:FusedMatMulActivation", attrs: attrs(strAttr("activation", "Relu")), in: []string{"float32[n, 3]", "=float32[3, 5]"}, want: []string{"float32[n, 5]"}, work: "5*n"},
		{op: "com.microsoft:GemmFastGelu", in: []string{"float16[batch, n, 4]", "=float16[4, 8]", "=float16[8]"}, want: []string{"float16[batch, n, 8]"}, macs: "32*batch*n", work: "72*batch*n"},
		{op: "com.microsoft:SparseToDenseMatMul", in: []string{"float32[n, 3]", "float32[3, 5]"}, want: []string{"float32[n, 5]"}, macs: "15*n"},
		{op: "com.microsoft:QOrderedMatMul", in: []string{"int8[1, n, 4]", "float32[]", "=int8[4, 8]", "float32[]", "float32[]", "=float32[8]"}, want: []string{"int8[1, n, 8]"}, macs: "32*n", work: "32*n", dtype: "int8"},
	})
}

func TestIntegerMatMul(t *testing.T) {
	testProducts(t, []productRow{
		{
			op: "MatMulInteger", since: 10, in: []string{"uint8[batch, sequence, 768]", "=int8[768, 768]", "uint8[]", "=int8[]"}, want: []string{"int32[batch, sequence, 768]"},
			macs: "589824*batch*sequence", work: "0", bytes: "768*batch*sequence + 589826, 3072*batch*sequence", class: "gemm", dtype: "uint8",
		},
		{
			op: "QLinearMatMul", since: 21, in: []string{"int8[2, 4]", "float32[]", "int8[]", "=int8[4, 3]", "float32[]", "int8[]", "float32[]", "int8[]"}, want: []string{"int8[2, 3]"},
			macs: "24", work: "18", class: "gemm", dtype: "int8",
		},
		{op: "com.microsoft:MatMulInteger16", in: []string{"int16[n, 4]", "int16[4, 3]"}, want: []string{"int32[n, 3]"}, dtype: "int16"},
		{op: "com.microsoft:MatMulInteger16", in: []string{"uint16[n, 4]", "uint16[4, 3]"}, want: []string{"uint32[n, 3]"}},
		{
			op: "com.microsoft:DynamicQuantizeMatMul", in: []string{"float32[n, 4]", "=int8[4, 3]", "float32[]", "", "=float32[3]"}, want: []string{"float32[n, 3]"},
			macs: "12*n", work: "30*n", dtype: "int8", // 4·6 to quantize, 3 to scale, 3 for the bias
		},
		{
			op: "com.microsoft:MatMulIntegerToFloat", in: []string{"uint8[n, 4]", "=int8[4, 3]", "float16[]", "float16[]", "", "", "=float16[3]"}, want: []string{"float16[n, 3]"},
			macs: "12*n", work: "6*n", dtype: "int8",
		},
	})
}

func TestEinsum(t *testing.T) {
	equation := func(s string) productRow {
		return productRow{op: "Einsum", since: 12, attrs: attrs(strAttr("equation", s))}
	}
	rows := []productRow{}
	row := func(eq string, in []string, want, macs, work string, products ...string) {
		r := equation(eq)
		r.in, r.want, r.macs, r.work, r.products = in, []string{want}, macs, work, products
		rows = append(rows, r)
	}
	row("ij,jk->ik", []string{"float32[2, 3]", "float32[3, 4]"}, "float32[2, 4]", "24", "0", "1: 2 4 3")
	row("ij,jk", []string{"float32[2, 3]", "=float32[3, 4]"}, "float32[2, 4]", "24", "0", "1: 2 4 3 weight")
	row("bhqd,bhkd->bhqk", []string{"float32[batch, 12, n, 64]", "float32[batch, 12, m, 64]"}, "float32[batch, 12, n, m]", "768*batch*m*n", "0", "12*batch: n m 64")
	row("...ij,...jk->...ik", []string{"float32[batch, 1, 2, 3]", "float32[5, 3, 4]"}, "float32[batch, 5, 2, 4]", "120*batch", "0", "1: 2*batch 20 3") // what one side repeats is not a batch
	row("b...j, jk -> b...k", []string{"float32[batch, sequence, 3]", "=float32[3, 4]"}, "float32[batch, sequence, 4]", "12*batch*sequence", "0", "1: batch*sequence 4 3 weight")
	row("ij->ji", []string{"float32[2, n]"}, "float32[n, 2]", "0", "0")
	row("ij->i", []string{"float32[2, n]"}, "float32[2]", "0", "2*n")
	row("ii->i", []string{"float32[3, 3]"}, "float32[3]", "0", "0")
	row("i,i->", []string{"float32[n]", "float32[n]"}, "float32[]", "n", "0", "1: 1 1 n")
	row("ij,ij->ij", []string{"float32[2, 3]", "float32[2, 3]"}, "float32[2, 3]", "0", "6")
	row("i,j->ij", []string{"float32[2]", "float32[3]"}, "float32[2, 3]", "0", "6")
	row("ij,k->k", []string{"float32[2, 3]", "float32[4]"}, "float32[4]", "0", "10") // a sum of 6, then a product of 4
	row("ij,jk,kl->il", []string{"float32[2, 3]", "float32[3, 4]", "float32[4, 5]"}, "float32[2, 5]", "64", "0", "1: 2 4 3", "1: 2 5 4")
	row("ij,jk->ik", []string{"float32?", "float32[3, 4]"}, "float32[?, 4]", "?", "0")
	row("...j,jk->...k", []string{"float32?", "float32[3, 4]"}, "float32?", "?", "?")
	row("ij,jk->", []string{"float32[2, 3]", "float32[4, 5]"}, "error: do not broadcast", "", "")
	row("ij->ik", []string{"float32[2, 3]"}, "error: stands in no operand", "", "")
	testProducts(t, rows)
}

func TestEquation(t *testing.T) {
	for _, c := range []struct {
		text  string
		ranks []int
	}{
		{"ij,jk->ik", []int{2}},
		{"i1->i", []int{2}},
		{"ij->i", []int{3}},
		{"i...j...->i", []int{4}},
		{"...ij->...ij", []int{1}},
		{"...->", []int{-1}},
		{"...i->i", []int{900}},
		{"ij->...i", []int{2}},
		{"ij->i->j", []int{2}},
	} {
		if eq, ok := parseEquation(c.text, c.ranks); ok {
			t.Errorf("%q for ranks %v was read as %v", c.text, c.ranks, eq)
		}
	}
}

func TestDet(t *testing.T) {
	testProducts(t, []productRow{
		{op: "Det", since: 11, in: []string{"float32[batch, 3, 3]"}, want: []string{"float32[batch]"}, macs: "0", work: "18*batch"},
		{op: "Det", since: 11, in: []string{"float32[2, 3]"}, want: []string{"error: differ"}},
		{op: "com.microsoft:Inverse", in: []string{"float32[batch, 3, 3]"}, want: []string{"float32[batch, 3, 3]"}, work: "54*batch"},
		{op: "com.microsoft:CDist", in: []string{"float32[n, 4]", "float32[m, 4]"}, want: []string{"float32[n, m]"}, work: "12*m*n"},
		{op: "Det", since: 11, in: []string{"float32[3]"}, want: []string{"error: rank 1"}},
	})
}
