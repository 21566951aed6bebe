package account

// Separate returns o without one value for both directions, as on kernels
// before 5.9.
func Separate(o Options) Options {
	o.separate = true
	return o
}
