// Package predict tells what a whole graph takes on a device.
//
// [Target.Bind] joins a graph and a law into a [Program], with sizes as open as the analysis leaves them. All else is a view of
// it: [Program.At] gives numbers with their causes, [Program.Formulas] closed forms, [Program.Recipe] what a page needs to
// calculate by itself.
package predict
