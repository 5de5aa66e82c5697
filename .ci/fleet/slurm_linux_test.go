package fleet

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A cluster is a Slurm on this machine: a slurmctld, and a slurmd for each
// node.
type cluster struct {
	*testing.T
	dir     string // configuration, state and logs
	daemons []*exec.Cmd
}

// startCluster starts a cluster with these nodes, which ends with the test. It
// needs no munge, since all processes are this user's. A node has room for more
// than one task: the script must keep the tasks apart.
func startCluster(t *testing.T, nodes []string) *cluster {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	self, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{T: t, dir: t.TempDir()}
	ports := freePorts(t, 1+len(nodes))
	var conf strings.Builder
	fmt.Fprintf(&conf, `ClusterName=fleet
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[2]d
SlurmUser=%[3]s
SlurmdUser=%[3]s
SlurmdParameters=config_overrides
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
StateSaveLocation=%[4]s/state
SlurmctldPidFile=%[4]s/slurmctld.pid
SlurmdPidFile=%[4]s/%%n.pid
SlurmdSpoolDir=%[4]s/%%n
PartitionName=all Nodes=ALL Default=YES MaxTime=20
`, host, ports[0], self.Username, c.dir)
	for i, node := range nodes {
		fmt.Fprintf(&conf, "NodeName=%s NodeHostname=%s NodeAddr=127.0.0.1 Port=%d CPUs=4\n", node, host, ports[1+i])
	}
	if err := os.WriteFile(c.conf(), []byte(conf.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLURM_CONF", c.conf())
	t.Cleanup(c.stop)
	c.daemon("slurmctld", "-D")
	for _, node := range nodes {
		c.daemon("slurmd", "-D", "-N", node)
	}
	return c
}

func (c *cluster) conf() string { return filepath.Join(c.dir, "slurm.conf") }

// daemon starts a daemon of Slurm. The test shows its log if it fails.
func (c *cluster) daemon(name string, args ...string) {
	c.Helper()
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // ^C goes to the test, which then stops the daemons
	log := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		c.Fatalf("starting Slurm: %v; install it: apt-get install slurm-wlm", err)
	}
	c.daemons = append(c.daemons, cmd)
}

// stop ends jobs and daemons, and checks that nothing of them is left.
func (c *cluster) stop() {
	exec.Command("scancel", "--me").Run()
	end := time.Now().Add(10 * time.Second)
	for time.Now().Before(end) {
		if out, err := exec.Command("squeue", "--noheader").Output(); err != nil || len(out) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	for _, cmd := range slices.Backward(c.daemons) { // the nodes first
		cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		if !late.Stop() {
			c.Errorf("%s did not end in time", cmd)
		}
		if c.Failed() {
			c.Logf("%s wrote\n%s", cmd, cmd.Stderr)
		}
	}
	for _, id := range c.processes() {
		c.Errorf("a process of the cluster is left, %d", id)
		syscall.Kill(id, syscall.SIGKILL)
	}
}

// processes are the ids of processes, except this one, with the cluster's
// configuration in their environment.
func (c *cluster) processes() []int {
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	var ids []int
	for _, path := range environs {
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		environ, _ := os.ReadFile(path) // empty for a process that has just ended
		if id != os.Getpid() && bytes.Contains(environ, []byte("SLURM_CONF="+c.conf())) {
			ids = append(ids, id)
		}
	}
	return ids
}

// freePorts are n ports of this machine on which nobody listens.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// TestSlurm submits the array as the README does, to three nodes.
func TestSlurm(t *testing.T) {
	nodes := []string{"node-1", "node-2", "node-3"}
	startCluster(t, nodes)
	dir := folder(t, "slurm.sh")
	t.Cleanup(func() {
		logs, _ := filepath.Glob(filepath.Join(dir, "*.log"))
		for _, l := range logs {
			if text, _ := os.ReadFile(l); t.Failed() {
				t.Logf("%s:\n%s", filepath.Base(l), text)
			}
		}
	})
	t.Log(shell(t, dir, documented(t, "sbatch --wait")+" "+bench, "SBATCH_TIMELIMIT=2")) // minutes

	// Slurm says where each task ran.
	ran := shell(t, dir, "scontrol --oneliner show job")
	var tasks, on, want []string
	for line := range strings.Lines(ran) {
		task := map[string]string{}
		for _, field := range strings.Fields(line) {
			key, value, _ := strings.Cut(field, "=")
			task[key] = value
		}
		t.Logf("task %s on %s: %s", task["ArrayTaskId"], task["NodeList"], task["JobState"])
		if task["JobState"] != "COMPLETED" {
			t.Errorf("a task is not completed: %s", line)
		}
		tasks, on = append(tasks, task["ArrayTaskId"]), append(on, task["NodeList"])
		want = append(want, task["NodeList"]+"-"+task["ArrayTaskId"]+".txt")
	}
	slices.Sort(tasks)
	slices.Sort(on)
	if !slices.Equal(on, nodes) || !slices.Equal(tasks, []string{"0", "1", "2"}) {
		t.Fatalf("the tasks %v ran on the nodes %v, want one on each of %v:\n%s", tasks, on, nodes, ran)
	}
	for _, name := range want {
		if _, err := os.Stat(filepath.Join(dir, "results", name)); err != nil {
			t.Error(err)
		}
	}
	t.Log(counted(t, dir, nodes))
}
