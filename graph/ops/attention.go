package ops

func attentionOps() []Op { return nil }
