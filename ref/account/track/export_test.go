package track

// Polling returns o without inotify, as where its watches have run out.
func Polling(o Options) Options {
	o.polling = true
	return o
}
