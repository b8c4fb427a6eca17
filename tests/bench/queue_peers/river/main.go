// River: river_peer URL batch|single|pickup COUNT; see ../__init__.py for what it answers.
//
// Its client takes as many jobs at once as it has workers free: in `batch` those are as many as eight with batches of 50.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

var workers = map[string]int{"batch": 400, "single": 8, "pickup": 8}

type noop struct {
	Sent int64 `json:"sent"`
}

func (noop) Kind() string { return "noop" }

type worker struct {
	river.WorkerDefaults[noop]
	lock      sync.Mutex
	latencies []float64
}

func (w *worker) Work(_ context.Context, job *river.Job[noop]) error {
	late := float64(time.Now().UnixMicro()-job.Args.Sent) / 1000
	w.lock.Lock()
	defer w.lock.Unlock()
	w.latencies = append(w.latencies, late)
	return nil
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func enqueue(ctx context.Context, client *river.Client[pgx.Tx], count int) {
	for at := 0; at < count; at += 1000 {
		jobs := make([]river.InsertManyParams, min(1000, count-at))
		for number := range jobs {
			jobs[number] = river.InsertManyParams{Args: noop{}}
		}
		must(client.InsertMany(ctx, jobs))
	}
}

func main() {
	ctx, mode := context.Background(), os.Args[2]
	count := must(strconv.Atoi(os.Args[3]))
	pool := must(pgxpool.New(ctx, os.Args[1]))
	driver := riverpgxv5.New(pool)
	migrator := must(rivermigrate.New(driver, nil))
	must(migrator.Migrate(ctx, rivermigrate.DirectionUp, nil))

	work, known := &worker{}, river.NewWorkers()
	river.AddWorker(known, work)
	client := must(river.NewClient(driver, &river.Config{
		FetchCooldown: river.FetchCooldownMin,
		Logger:        slog.New(slog.DiscardHandler),
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers[mode]}},
		Workers:       known,
	}))
	completed, cancel := client.SubscribeConfig(&river.SubscribeConfig{
		ChanSize: count + 1, Kinds: []river.EventKind{river.EventKindJobCompleted},
	})
	defer cancel()
	if mode != "pickup" {
		enqueue(ctx, client, count)
	}
	fmt.Println("ready")
	must(bufio.NewReader(os.Stdin).ReadString('\n'))

	began := time.Now()
	must(0, client.Start(ctx))
	if mode == "pickup" {
		time.Sleep(2 * time.Second)
		for range count {
			must(client.Insert(ctx, noop{Sent: time.Now().UnixMicro()}, nil))
			time.Sleep(30 * time.Millisecond)
		}
	}
	for range count {
		<-completed
	}
	seconds := time.Since(began).Seconds()
	must(0, client.Stop(ctx))
	answer := map[string]float64{"seconds": seconds}
	if mode == "pickup" {
		slices.Sort(work.latencies)
		answer = map[string]float64{"p50": work.latencies[count/2], "p99": work.latencies[count*99/100]}
	}
	must(0, json.NewEncoder(os.Stdout).Encode(answer))
}
