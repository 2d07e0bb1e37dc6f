package ops

func viewOps() []Op { return nil }
