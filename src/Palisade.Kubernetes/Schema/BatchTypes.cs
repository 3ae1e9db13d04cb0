#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of batch/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/batch/v1, 1.35.</remarks>
internal static partial class BatchTypes
{
    internal static ObjectSchema Job { get; } = Of("Job",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => JobSpec),
        Obj("status", 3, () => JobStatus));

    internal static ObjectSchema CronJob { get; } = Of("CronJob",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => CronJobSpec),
        Obj("status", 3, () => CronJobStatus));

    internal static ObjectSchema JobSpec { get; } = Of("JobSpec",
        Int32("parallelism", 1, optional: true),
        Int32("completions", 2, optional: true),
        Int64("activeDeadlineSeconds", 3, optional: true),
        Obj("podFailurePolicy", 11, () => PodFailurePolicy),
        Obj("successPolicy", 16, () => SuccessPolicy),
        Int32("backoffLimit", 7, optional: true),
        Int32("backoffLimitPerIndex", 12, optional: true),
        Int32("maxFailedIndexes", 13, optional: true),
        Obj("selector", 4, () => MetaTypes.LabelSelector),
        Bool("manualSelector", 5, optional: true),
        Obj("template", 6, () => CoreTypes.PodTemplateSpec, must: true),
        Int32("ttlSecondsAfterFinished", 8, optional: true),
        Str("completionMode", 9, go: "v1.CompletionMode", optional: true),
        Bool("suspend", 10, optional: true),
        Str("podReplacementPolicy", 14, go: "v1.PodReplacementPolicy", optional: true),
        Str("managedBy", 15, optional: true));

    internal static ObjectSchema JobStatus { get; } = Of("JobStatus",
        Objs("conditions", 1, () => JobCondition, merge: "type", atomic: true),
        Time("startTime", 2),
        Time("completionTime", 3),
        Int32("active", 4),
        Int32("succeeded", 5),
        Int32("failed", 6),
        Int32("terminating", 11, optional: true),
        Str("completedIndexes", 7),
        Str("failedIndexes", 10, optional: true),
        Obj("uncountedTerminatedPods", 8, () => UncountedTerminatedPods),
        Int32("ready", 9, optional: true));

    internal static ObjectSchema CronJobSpec { get; } = Of("CronJobSpec",
        Str("schedule", 1, must: true),
        Str("timeZone", 8, optional: true),
        Int64("startingDeadlineSeconds", 2, optional: true),
        Str("concurrencyPolicy", 3, go: "v1.ConcurrencyPolicy"),
        Bool("suspend", 4, optional: true),
        Obj("jobTemplate", 5, () => JobTemplateSpec, must: true),
        Int32("successfulJobsHistoryLimit", 6, optional: true),
        Int32("failedJobsHistoryLimit", 7, optional: true));

    internal static ObjectSchema CronJobStatus { get; } = Of("CronJobStatus",
        Objs("active", 1, () => CoreTypes.ObjectReference),
        Time("lastScheduleTime", 4),
        Time("lastSuccessfulTime", 5));

    internal static ObjectSchema PodFailurePolicy { get; } = Of("PodFailurePolicy",
        Objs("rules", 1, () => PodFailurePolicyRule, must: true));

    internal static ObjectSchema SuccessPolicy { get; } = Of("SuccessPolicy",
        Objs("rules", 1, () => SuccessPolicyRule, must: true));

    internal static ObjectSchema JobCondition { get; } = Of("JobCondition",
        Str("type", 1, go: "v1.JobConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"),
        Time("lastProbeTime", 3),
        Time("lastTransitionTime", 4),
        Str("reason", 5),
        Str("message", 6));

    internal static ObjectSchema UncountedTerminatedPods { get; } = Of("UncountedTerminatedPods",
        List("succeeded", 1, go: "types.UID"),
        List("failed", 2, go: "types.UID"));

    internal static ObjectSchema JobTemplateSpec { get; } = Of("JobTemplateSpec",
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Obj("spec", 2, () => JobSpec));

    internal static ObjectSchema PodFailurePolicyRule { get; } = Of("PodFailurePolicyRule",
        Str("action", 1, go: "v1.PodFailurePolicyAction", must: true),
        Obj("onExitCodes", 2, () => PodFailurePolicyOnExitCodesRequirement),
        Objs("onPodConditions", 3, () => PodFailurePolicyOnPodConditionsPattern));

    internal static ObjectSchema SuccessPolicyRule { get; } = Of("SuccessPolicyRule",
        Str("succeededIndexes", 1, optional: true),
        Int32("succeededCount", 2, optional: true));

    internal static ObjectSchema PodFailurePolicyOnExitCodesRequirement { get; } =
        Of("PodFailurePolicyOnExitCodesRequirement",
        Str("containerName", 1, optional: true),
        Str("operator", 2, go: "v1.PodFailurePolicyOnExitCodesOperator", must: true),
        List("values", 3, FieldKind.Int32, must: true));

    internal static ObjectSchema PodFailurePolicyOnPodConditionsPattern { get; } =
        Of("PodFailurePolicyOnPodConditionsPattern",
        Str("type", 1, go: "v1.PodConditionType", must: true),
        Str("status", 2, go: "v1.ConditionStatus"));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.batch.v1." + name, fields);
}
