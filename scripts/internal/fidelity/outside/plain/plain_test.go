package plain

import (
	"os"
	"runtime"
	"sync"
	"testing"
)

func BenchmarkChannel(b *testing.B) {
	ping, pong := make(chan struct{}), make(chan struct{})
	go func() {
		for range ping {
			pong <- struct{}{}
		}
		close(pong)
	}()
	b.ResetTimer()
	for i := 0; i < b.N; i += 2 {
		ping <- struct{}{}
		<-pong
	}
	b.StopTimer()
	close(ping)
	<-pong
}

func BenchmarkGosched(b *testing.B) {
	done := make(chan struct{})
	go func() {
		for i := 0; i < b.N; i += 2 {
			runtime.Gosched()
		}
		close(done)
	}()
	for i := 0; i < b.N; i += 2 {
		runtime.Gosched()
	}
	<-done
}

func BenchmarkPipe(b *testing.B) {
	pingR, pingW, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer pingR.Close()
	defer pingW.Close()
	pongR, pongW, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer pongR.Close()
	defer pongW.Close()

	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1)
		for i := 0; i < b.N; i += 2 {
			if _, err := pingR.Read(buf); err != nil {
				b.Error(err)
				return
			}
			if _, err := pongW.Write(buf); err != nil {
				b.Error(err)
				return
			}
		}
	}()
	buf := make([]byte, 1)
	b.ResetTimer()
	for i := 0; i < b.N; i += 2 {
		if _, err := pingW.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := pongR.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
	<-done
}

func BenchmarkCreateWaitGroup(b *testing.B) {
	var wg sync.WaitGroup
	for i := 0; i < b.N; i++ {
		wg.Add(1)
		go func() {
			wg.Done()
		}()
		wg.Wait()
	}
}

func BenchmarkCreateChannel(b *testing.B) {
	done := make(chan struct{})
	for i := 0; i < b.N; i++ {
		go func() {
			done <- struct{}{}
		}()
		<-done
	}
}

func BenchmarkCreate100(b *testing.B) {
	var wg sync.WaitGroup
	for i := 0; i < b.N; i += 100 {
		for range 100 {
			wg.Add(1)
			go func() {
				wg.Done()
			}()
		}
		wg.Wait()
	}
}

var group sync.WaitGroup

// f captures nothing and takes nothing, so "go f()" makes no closure.
func f() {
	group.Done()
}

func BenchmarkGoFunc(b *testing.B) {
	for i := 0; i < b.N; i++ {
		group.Add(1)
		go f()
		group.Wait()
	}
}

func BenchmarkGoFunc100(b *testing.B) {
	for i := 0; i < b.N; i += 100 {
		for range 100 {
			group.Add(1)
			go f()
		}
		group.Wait()
	}
}

func BenchmarkLockedChannel(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ping, pong := make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for range ping {
			pong <- struct{}{}
		}
		close(pong)
	}()
	b.ResetTimer()
	for i := 0; i < b.N; i += 2 {
		ping <- struct{}{}
		<-pong
	}
	b.StopTimer()
	close(ping)
	<-pong
}

// The goroutine exits while it is locked, so its thread dies with it.
func BenchmarkLockedCreate(b *testing.B) {
	var wg sync.WaitGroup
	for i := 0; i < b.N; i++ {
		wg.Add(1)
		go func() {
			runtime.LockOSThread()
			wg.Done()
		}()
		wg.Wait()
	}
}

func BenchmarkLockedCreate100(b *testing.B) {
	var wg sync.WaitGroup
	for i := 0; i < b.N; i += 100 {
		for range 100 {
			wg.Add(1)
			go func() {
				runtime.LockOSThread()
				wg.Done()
			}()
		}
		wg.Wait()
	}
}
