package ops

func normOps() []Op { return nil }
