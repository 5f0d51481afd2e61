// Package congestion measures a media connection with the means of RTCP, and keeps to
// what it measures. Its parts are interceptors of pion's.
//
// A [Sender] numbers what is sent, learns from transport-wide feedback when it arrived,
// tells the [bandwidth.Budget], and spaces the packets where the line is narrow. A
// [Receiver] tells the server how much the line to us carries (REMB), from when packets
// were sent and when they came; LiveKit chooses the layers by it. A [NackRequester] asks
// for lost packets again, as soon as it pays.
//
// Each connection has one of each, whose goroutines end with the connection.
package congestion
