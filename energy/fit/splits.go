package fit

// The splits into training and test data.
const (
	SplitFamily = "family" // a family of models is predicted from the other families
	SplitModel  = "model"  // a model is predicted from the others
	SplitShapes = "shapes" // the larger half of the token counts is predicted from the smaller one, and back
	SplitDevice = "device" // a device is predicted from the most similar other one
)
