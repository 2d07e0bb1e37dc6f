// Package irene reads and writes the tree format in which IrEne (Cao et al., ACL 2021, https://arxiv.org/abs/2106.01199)
// publishes its measurements, and joins its scopes to module paths.
//
// A file is JSON Lines, one tree per model, batch size and sequence length. A tree node is a model, a module, an "ml"
// operator (a leaf module such as Linear) or an "ml-np" operator (a product or softmax without parameters). Its scope
// is "root." and the module path, with or without the names of module lists ("root.encoder.0" for encoder.layer.0).
package irene
