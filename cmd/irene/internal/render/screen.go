package render

// Screen is what text for people is laid out for.
type Screen struct {
	Width int  // columns of a line; 0: as many as it takes
	Color bool // it shows colours
}

// Narrower is a screen without some of its columns.
func (s Screen) Narrower(columns int) Screen {
	if s.Width > 0 {
		s.Width = max(s.Width-columns, 1)
	}
	return s
}

// Style is how a text looks on a screen that shows colours.
type Style string

// The styles, as SGR codes.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Faint  Style = "2"
	Red    Style = "31"
	Yellow Style = "33"
	Alarm  Style = "1;31" // bold and red
)

// paint is a text in a style.
func (s Screen) paint(text string, style Style) string {
	if !s.Color || style == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}
