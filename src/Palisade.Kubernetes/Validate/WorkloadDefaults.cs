using Palisade.Kubernetes.Wire;
using static Palisade.Kubernetes.Validate.Defaults;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// Defaults of apps/v1 and batch/v1 (pkg/apis/apps/v1/defaults.go, pkg/apis/batch/v1/defaults.go), the templates' pods
/// included.
/// </summary>
internal static class WorkloadDefaults
{
    private static readonly WireObject _deployment = Parse("""
        {"replicas": 1, "strategy": {"type": "RollingUpdate"}, "revisionHistoryLimit": 10,
         "progressDeadlineSeconds": 600}
        """);

    private static readonly WireObject _deploymentRoll =
        Parse("""{"strategy": {"rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}}""");

    private static readonly WireObject _statefulSet = Parse("""
        {"podManagementPolicy": "OrderedReady", "replicas": 1, "revisionHistoryLimit": 10,
         "updateStrategy": {"type": "RollingUpdate"},
         "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"}}
        """);

    private static readonly WireObject _statefulSetRoll = Parse("""{"updateStrategy": {"rollingUpdate": {"partition": 0}}}""");

    private static readonly WireObject _daemonSet =
        Parse("""{"updateStrategy": {"type": "RollingUpdate"}, "revisionHistoryLimit": 10}""");

    private static readonly WireObject _daemonSetRoll =
        Parse("""{"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}}""");

    private static readonly WireObject _replicaSet = Parse("""{"replicas": 1}""");

    private static readonly WireObject _job = Parse("""
        {"parallelism": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": false,
         "podReplacementPolicy": "TerminatingOrFailed"}
        """);

    private static readonly WireObject _jobOfOne = Parse("""{"completions": 1, "parallelism": 1}""");

    private static readonly WireObject _cronJob = Parse("""
        {"concurrencyPolicy": "Allow", "suspend": false, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1}
        """);

    private static readonly WireObject _claim = Parse("""
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"volumeMode": "Filesystem"},
         "status": {"phase": "Pending"}}
        """);

    public static WireObject Apply(WireObject workload, string kind) =>
        workload["spec"] is WireObject spec ? workload.With("spec", Spec(spec, kind)) : workload;

    private static WireObject Spec(WireObject spec, string kind) => kind switch
    {
        "Deployment" => Rolling(Template(Fill(spec, _deployment)), "strategy", _deploymentRoll),
        "StatefulSet" => Claims(Rolling(Template(Fill(spec, _statefulSet)), "updateStrategy", _statefulSetRoll)),
        "DaemonSet" => Rolling(Template(Fill(spec, _daemonSet)), "updateStrategy", _daemonSetRoll),
        "ReplicaSet" => Template(Fill(spec, _replicaSet)),
        "Job" => Job(spec),
        // Its Job is defaulted when it is made; here only the pod is.
        "CronJob" => Within(Fill(spec, _cronJob), "jobTemplate", job => Within(job, "spec", Template)),
        _ => spec,
    };

    // A field that is there and null was told of above; one that is absent decides alone (SetDefaults_Job).
    private static WireObject Job(WireObject spec)
    {
        if (spec["completions"] is null && spec["parallelism"] is null)
            spec = Fill(spec, _jobOfOne);
        return Template(Fill(spec, _job));
    }

    private static WireObject Rolling(WireObject spec, string strategy, WireObject defaults) =>
        (spec[strategy] as WireObject)?["type"] is WireString { Value: "RollingUpdate" } ? Fill(spec, defaults) : spec;

    private static WireObject Template(WireObject spec) =>
        Within(spec, "template", template => Within(template, "spec", PodDefaults.Spec));

    private static WireObject Claims(WireObject spec) =>
        Each(spec, "volumeClaimTemplates", claim => Fill(claim, _claim));
}
