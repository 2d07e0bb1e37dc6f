// Package validate compares methods of prediction on measurements that they were not fitted to: splits × methods, with
// errors, coverage of intervals, and decisions between models.
package validate
