// Package worklist says what is to be measured of models: each distinct operator, each distinct module and the whole, at the
// sizes asked for, as tasks of the profiler. Equal operators are measured once, wherever they stand.
//
// What a runtime runs is not what the file says: it folds, fuses and rewrites. Where the executor can show the graph that
// it would run, the plan is made from that graph, and each of its operators is traced back to the module of the file that
// it stems from. A [Point] is a model at fixed sizes together with that graph.
package worklist
