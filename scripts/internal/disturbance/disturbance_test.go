package disturbance

import (
	"regexp"
	"testing"
)

func TestRead(t *testing.T) {
	got := Read().Since()
	if !regexp.MustCompile(`^seconds=\d+\.\d( steal=\d+\.\d\d% others=\d+\.\d\d)?( throttled=\d+)?( load=\d+\.\d+)?$`).MatchString(got) {
		t.Errorf("it reads %q", got)
	}
}
