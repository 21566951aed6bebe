package feature

var network = []Feature{}
