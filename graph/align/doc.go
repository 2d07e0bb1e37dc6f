// Package align finds which module of one tree answers to which of another: of two exports of a network, of two networks
// of one kind, of a fused graph and the one it was made from.
//
// Modules answer to each other, in this order,
//
//  1. by path, where one tree may have a wrapper around what the other has ("bert.encoder" and "encoder");
//  2. by canonical path and call;
//  3. by role: lists of equal layers are found and matched, layer i with layer i; within a layer, and around the lists,
//     modules whose own operators do the same kind of work (attention, linear, norm, embedding, activation) are matched by
//     names, class, order and their part of parameters and multiplications; modules that only hold others are matched
//     where most of what they hold is.
//
// What a module does itself decides its role, not what it holds: BERT's attention.self, in which scores are computed,
// answers to DistilBERT's attention; BERT's attention, which only holds it, to nothing.
//
// The result is a tree of rows over the first model's tree. Same input, same rows.
package align
