// Package model is IrEne's model of the energy of transformers (Cao, Lal, Trivedi, Balasubramanian and Balasubramanian,
// "IrEne: Interpretable Energy Prediction for Transformers", ACL 2021, https://arxiv.org/abs/2106.01199), trained on and
// applied to the trees of package irene. It is the baseline the additive model of package predict is compared with.
//
// # The model
//
// Every node n of a tree has 14 features x(n) (see [FeatureSet]). A leaf is an operator, and there is one linear
// regression for every type i of operator, by least squares on standardised features:
//
//	P(n) = w_i · x(n) + b_i
//
// A node with children is their weighted sum. The weight of a child, equation 3 of the paper, is near 1 and follows from
// the child's own features φ: standardised over all training nodes and expanded into every product of at most three of
// them, 680 in all.
//
//	P(n) = Σ α(c) · P(c)   over the children c of n
//	α(c) = 1 + tanh(W · φ(c) + b) / τ,   τ = 10
//
// W and b, shared by all nodes, minimise the squared relative error of all nodes r that have children and a measured
// energy G, with Adam (rate 0.001, one tree a step, trees in the order given, 8 passes):
//
//	Σ (P(r) − G(r))² / G(r)²
//
// That is [EndToEnd]; [Strategy] lists the paper's other ways. Times, utilisation and the board's energy of the nodes
// to predict are among the features: the model needs all of them measured, and predicts the energy at the plug.
//
// # Where it departs from the released code
//
// The reference is github.com/StonyBrookNLP/irene, its cleaned-up main branch; figures printed by its README are
// reproduced within the spread over seeds. The random numbers are other ones (PCG in place of PyTorch's generator), so
// single runs differ.
//
//   - Everything that is fitted, scalers included, sees training trees only. (The scripts of the original experiments
//     scale over training and test nodes together.)
//   - Arithmetic is in float64, that of the weights in PyTorch is float32. Equal subtrees are computed once and counted,
//     sums are therefore formed in another order.
//   - A feature that is constant over the training nodes is left out of φ. There its untrained random weight would be
//     multiplied with whatever an unseen node shows.
//   - Directions in which the features of an operator type do not vary (relative singular value below 1e-10) are left out
//     of its regression; LAPACK's limit there is 2e-16, which keeps directions that are rounding errors.
//   - [None] is the plain sum of the predicted leaves and [Unstructured] predicts with W · φ + b, as in the scripts of the
//     original experiments. The main branch does so only if weighting_setting is set to "exact_one" or "free" too; left
//     alone, it trains weights for the former, and the latter predicts nothing outside 0.9 to 1.1 J.
//   - Of its configurations, "free" weights in a sum, features that are not standardised and a loss in absolute terms are
//     not offered.
//   - The name "piecewise" of its configurations, which its code rejects, is [Stepwise].
//   - The leaf regressions are not limited to seven operator types. An operator type that the training trees lack is an
//     error ([UnknownTypeError]), not a warning.
//   - A prediction of zero is a prediction when errors are computed, not a missing one.
//   - A node without measured energy takes no part in training or errors; only [Stepwise] cannot do without.
//   - The number of parameters is read from the trees. (The original scripts count zero for a whole model.)
//   - Predictions are written with the instance types as they were read; the released code writes them in lower case.
//
// A model is deterministic given trees, options and seed, on one processor architecture. One seed says little about
// whole models: on the published trees of device 1 their mean error lies between 3.5 and 8.9 per cent over 40 seeds (half
// of them above 6.9). Compare means over seeds.
package model
