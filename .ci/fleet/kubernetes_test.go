package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

const manifest = "kubernetes.yaml"

// job decodes a manifest as strictly as an API server that validates fields: a
// field that a Job lacks, or that stands twice, is an error.
func job(text string) (*batchv1.Job, error) {
	scheme := runtime.NewScheme()
	if err := batchv1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	strict := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	object, kind, err := strict.Decode([]byte(text), nil, nil)
	if err != nil {
		return nil, err
	}
	j, ok := object.(*batchv1.Job)
	if !ok {
		return nil, fmt.Errorf("it is a %s, not a Job", kind)
	}
	return j, nil
}

// problems are the faults of a manifest, nil for none.
func problems(text string) []string {
	j, err := job(text)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	expect := func(is bool, format string, args ...any) {
		if !is {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	s, pod := j.Spec, j.Spec.Template.Spec
	expect(s.CompletionMode != nil && *s.CompletionMode == batchv1.IndexedCompletion, "the Job is not indexed")
	expect(s.Completions != nil && s.Parallelism != nil && *s.Completions == *s.Parallelism, "completions and parallelism differ, so that pods may follow each other on a node")
	expect(s.BackoffLimitPerIndex != nil, "without a backoffLimitPerIndex a pod that fails ends the others")
	expect(s.ActiveDeadlineSeconds != nil, "no activeDeadlineSeconds: a pod for which there is no node waits forever")
	expect(pod.RestartPolicy == corev1.RestartPolicyNever, "restartPolicy %q, not Never", pod.RestartPolicy)
	expect(apart(j), "nothing keeps two pods off one node")
	expect(pod.AutomountServiceAccountToken != nil && !*pod.AutomountServiceAccountToken, "the pod has a token of the cluster's API")

	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return append(found, err.Error())
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	if result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &s.Template.ObjectMeta, &pod)); !result.Allowed {
		found = append(found, "pod security restricted: "+result.ForbiddenDetail())
	}

	expect(len(pod.Containers) == 1 && len(pod.InitContainers) == 0, "%d containers and %d init containers, want one and none", len(pod.Containers), len(pod.InitContainers))
	for _, c := range pod.Containers {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			request, limit := c.Resources.Requests[name], c.Resources.Limits[name]
			expect(request.Sign() > 0 && request.Cmp(limit) == 0, "the pod is not Guaranteed: of %s it requests %s and its limit is %s", name, &request, &limit)
		}
		cpus := c.Resources.Limits[corev1.ResourceCPU]
		expect(cpus.MilliValue()%1000 == 0, "%s CPUs are no whole number, so that none is the pod's alone", &cpus)
		root := c.SecurityContext != nil && c.SecurityContext.ReadOnlyRootFilesystem != nil && *c.SecurityContext.ReadOnlyRootFilesystem
		expect(root, "the root of the file system can be written to")
		for _, path := range written(c) {
			expect(slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
				return !m.ReadOnly && within(path, m.MountPath) && slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name && v.EmptyDir != nil })
			}), "%s is in no volume that can be written to", path)
		}
		for _, name := range references(c) {
			expect(slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == name }), "$(%s) stands for nothing", name)
		}
	}
	return found
}

// apart says whether the scheduler must keep the Job's pods on nodes of their own.
func apart(j *batchv1.Job) bool {
	affinity := j.Spec.Template.Spec.Affinity
	if affinity == nil || affinity.PodAntiAffinity == nil {
		return false
	}
	return slices.ContainsFunc(affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, func(term corev1.PodAffinityTerm) bool {
		selector, err := metav1.LabelSelectorAsSelector(term.LabelSelector)
		return err == nil && term.TopologyKey == corev1.LabelHostname && selector.Matches(labels.Set(j.Spec.Template.Labels))
	})
}

// written are the paths that the container writes to: its results and its
// temporary files.
func written(c corev1.Container) []string {
	paths := []string{""}
	if i := slices.Index(c.Args, "-o"); i >= 0 && i+1 < len(c.Args) {
		paths[0] = c.Args[i+1]
	}
	for _, e := range c.Env {
		if e.Name == "TMPDIR" {
			return append(paths, e.Value)
		}
	}
	return append(paths, os.TempDir())
}

func within(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

var reference = regexp.MustCompile(`\$\((\w+)\)`)

// references are the names of the variables that the arguments refer to.
func references(c corev1.Container) []string {
	var names []string
	for _, arg := range c.Args {
		for _, m := range reference.FindAllStringSubmatch(arg, -1) {
			names = append(names, m[1])
		}
	}
	return names
}

func TestManifest(t *testing.T) {
	for _, p := range problems(source(t, manifest)) {
		t.Error(p)
	}
}

// TestFaults breaks the manifest in ways that the checks must find.
func TestFaults(t *testing.T) {
	whole := source(t, manifest)
	for _, test := range []struct{ old, new, want string }{
		{"completionMode:", "completionmode:", `unknown field "spec.completionmode"`},
		{"      restartPolicy: Never", "      restartPolicy: Never\n      restartPolicy: Never", `key "restartPolicy" already set`},
		{"memory: 4Gi", "memory: lots", "quantities must match"},
		{"kind: Job", "kind: CronJob", `unknown field "spec.completions"`},
		{"batch/v1", "batch/v2", `no kind "Job" is registered for version "batch/v2"`},
		{"completionMode: Indexed", "completionMode: NonIndexed", "not indexed"},
		{"completions: 3", "completions: 4", "completions and parallelism differ"},
		{"backoffLimitPerIndex: 0", "backoffLimit: 0", "backoffLimitPerIndex"},
		{"activeDeadlineSeconds: 1800", "suspend: false", "activeDeadlineSeconds"},
		{"restartPolicy: Never", "restartPolicy: OnFailure", "restartPolicy"},
		{"topologyKey: kubernetes.io/hostname", "topologyKey: topology.kubernetes.io/zone", "off one node"},
		{"      labels:\n        app.kubernetes.io/name: threadbench", "      labels:\n        app.kubernetes.io/name: other", "off one node"},
		{"automountServiceAccountToken: false", "automountServiceAccountToken: true", "token"},
		{"runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot"},
		{"runAsUser: 65532", "runAsUser: 0", "runAsUser"},
		{"type: RuntimeDefault", "type: Unconfined", "seccompProfile"},
		{"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation"},
		{"drop: [ALL]", "add: [SYS_ADMIN]", "capabilities"},
		{"emptyDir:\n            sizeLimit: 2Gi", "hostPath: { path: /tmp }", "volume"},
		{`requests: { cpu: "2"`, `requests: { cpu: "1"`, "not Guaranteed"},
		{`limits: { cpu: "2", memory: 4Gi`, `limits: { cpu: "2", memory: 5Gi`, "not Guaranteed"},
		{`cpu: "2"`, "cpu: 1500m", "no whole number"},
		{"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "root of the file system"},
		{"-o, /data/", "-o, /results/", "/results/$(NODE).txt is in no volume"},
		{"value: /data", "value: /tmp", "/tmp is in no volume"},
		{"- name: NODE", "- name: OTHER", "$(NODE) stands for nothing"},
	} {
		broken := strings.ReplaceAll(whole, test.old, test.new)
		if broken == whole {
			t.Errorf("%q does not stand in the manifest", test.old)
		}
		if found := problems(broken); !slices.ContainsFunc(found, func(p string) bool { return strings.Contains(p, test.want) }) {
			t.Errorf("%q in the place of %q: found %q, want %q among them", test.new, test.old, found, test.want)
		}
	}
}

// TestFilled fills in the manifest as the README does.
func TestFilled(t *testing.T) {
	dir := folder(t, manifest)
	command, _, _ := strings.Cut(documented(t, "sed "), " | kubectl ")
	text := shell(t, dir, command, "image=example/threadbench:1", "nodes=17")
	for _, p := range problems(text) {
		t.Error(p)
	}
	j, err := job(text)
	if err != nil {
		t.Fatal(err)
	}
	if n, image := *j.Spec.Completions, j.Spec.Template.Spec.Containers[0].Image; n != 17 || image != "example/threadbench:1" {
		t.Errorf("%d completions of image %s, want 17 of example/threadbench:1", n, image)
	}
}

// kubectl replaces the real one for the README's collecting: it knows the names
// of the Job's pods and has their logs in files.
const kubectl = `#!/bin/sh
case "$*" in
"get pods -l batch.kubernetes.io/job-name=threadbench -o name") cd logs && printf 'pod/%s\n' * ;;
"logs pod/"*) cat "logs/${2#pod/}" ;;
*) echo "unexpected: kubectl $*" >&2; exit 1 ;;
esac
`

// TestLogs runs the manifest's command for three pods, each with the node's
// name filled in as by the kubelet, and collects their logs as the README does.
// A log is both outputs of a pod. Two of the pods had the same node.
func TestLogs(t *testing.T) {
	j, err := job(source(t, manifest))
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte(kubectl), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, node := range []string{"node-a", "node-b", "node-a"} {
		work := t.TempDir()
		var words []string
		for _, arg := range j.Spec.Template.Spec.Containers[0].Args {
			arg = strings.ReplaceAll(arg, "$(NODE)", node)
			words = append(words, "'"+strings.Replace(arg, "/data/", work+"/", 1)+"'")
		}
		shell(t, dir, fmt.Sprintf("./threadbench %s %s >logs/threadbench-%d 2>&1", strings.Join(words, " "), bench, i), "TMPDIR="+work)
	}
	shell(t, dir, documented(t, "for pod "), "PATH="+dir+":"+os.Getenv("PATH"))
	counted(t, dir, []string{"node-a", "node-b"})
}
