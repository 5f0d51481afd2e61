// Package reach has values about how a room server is reached.
package reach

// Ports say how media reaches a server at the address by which its door was
// reached. Zero means that nobody knows, or that there is no such way.
type Ports struct {
	UDP  int  `json:"udp,omitempty"`
	TCP  int  `json:"tcp,omitempty"`
	Door bool `json:"door,omitempty"` // takes media over TCP on its own port, too
}

// Usable is p without what is no port.
func (p Ports) Usable() Ports {
	for _, port := range []*int{&p.UDP, &p.TCP} {
		if *port < 0 || *port > 65535 {
			*port = 0
		}
	}
	return p
}
