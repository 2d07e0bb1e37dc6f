package ops

func controlOps() []Op { return nil }
