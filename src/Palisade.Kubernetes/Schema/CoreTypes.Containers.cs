#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Containers, probes and their environment.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/core/v1, 1.35.</remarks>
internal static partial class CoreTypes
{
    internal static ObjectSchema Container { get; } = Of("Container",
        Str("name", 1, must: true),
        Str("image", 2),
        List("command", 3),
        List("args", 4),
        Str("workingDir", 5),
        Objs("ports", 6, () => ContainerPort, merge: "containerPort",
            keys: "containerPort,protocol=TCP"),
        Objs("envFrom", 19, () => EnvFromSource),
        Objs("env", 7, () => EnvVar, merge: "name"),
        Obj("resources", 8, () => ResourceRequirements),
        Objs("resizePolicy", 23, () => ContainerResizePolicy),
        Str("restartPolicy", 24, go: "v1.ContainerRestartPolicy", optional: true),
        Objs("restartPolicyRules", 25, () => ContainerRestartRule),
        Objs("volumeMounts", 9, () => VolumeMount, merge: "mountPath"),
        Objs("volumeDevices", 21, () => VolumeDevice, merge: "devicePath"),
        Obj("livenessProbe", 10, () => Probe),
        Obj("readinessProbe", 11, () => Probe),
        Obj("startupProbe", 22, () => Probe),
        Obj("lifecycle", 12, () => Lifecycle),
        Str("terminationMessagePath", 13),
        Str("terminationMessagePolicy", 20, go: "v1.TerminationMessagePolicy"),
        Str("imagePullPolicy", 14, go: "v1.PullPolicy"),
        Obj("securityContext", 15, () => SecurityContext),
        Bool("stdin", 16),
        Bool("stdinOnce", 17),
        Bool("tty", 18));

    internal static ObjectSchema EphemeralContainer { get; } = Of("EphemeralContainer",
        Inline(1, () => EphemeralContainerCommon),
        Str("targetContainerName", 2));

    internal static ObjectSchema ContainerPort { get; } = Of("ContainerPort",
        Str("name", 1),
        Int32("hostPort", 2),
        Int32("containerPort", 3, must: true),
        Str("protocol", 4, go: "v1.Protocol"),
        Str("hostIP", 5));

    internal static ObjectSchema EnvFromSource { get; } = Of("EnvFromSource",
        Str("prefix", 1),
        Obj("configMapRef", 2, () => ConfigMapEnvSource),
        Obj("secretRef", 3, () => SecretEnvSource));

    internal static ObjectSchema EnvVar { get; } = Of("EnvVar",
        Str("name", 1, must: true),
        Str("value", 2),
        Obj("valueFrom", 3, () => EnvVarSource));

    internal static ObjectSchema ResourceRequirements { get; } = Of("ResourceRequirements",
        Map("limits", 1, FieldKind.Quantity, whole: "v1.ResourceList"),
        Map("requests", 2, FieldKind.Quantity, whole: "v1.ResourceList"),
        Objs("claims", 3, () => ResourceClaim, keys: "name"));

    internal static ObjectSchema ContainerResizePolicy { get; } = Of("ContainerResizePolicy",
        Str("resourceName", 1, go: "v1.ResourceName", must: true),
        Str("restartPolicy", 2, go: "v1.ResourceResizeRestartPolicy", must: true));

    internal static ObjectSchema ContainerRestartRule { get; } = Of("ContainerRestartRule",
        Str("action", 1, go: "v1.ContainerRestartRuleAction"),
        Obj("exitCodes", 2, () => ContainerRestartRuleOnExitCodes));

    internal static ObjectSchema VolumeMount { get; } = Of("VolumeMount",
        Str("name", 1, must: true),
        Bool("readOnly", 2),
        Str("recursiveReadOnly", 7, go: "v1.RecursiveReadOnlyMode", optional: true),
        Str("mountPath", 3, must: true),
        Str("subPath", 4),
        Str("mountPropagation", 5, go: "v1.MountPropagationMode", optional: true),
        Str("subPathExpr", 6));

    internal static ObjectSchema VolumeDevice { get; } = Of("VolumeDevice",
        Str("name", 1, must: true),
        Str("devicePath", 2, must: true));

    internal static ObjectSchema Probe { get; } = Of("Probe",
        Inline(1, () => ProbeHandler),
        Int32("initialDelaySeconds", 2),
        Int32("timeoutSeconds", 3),
        Int32("periodSeconds", 4),
        Int32("successThreshold", 5),
        Int32("failureThreshold", 6),
        Int64("terminationGracePeriodSeconds", 7, optional: true));

    internal static ObjectSchema Lifecycle { get; } = Of("Lifecycle",
        Obj("postStart", 1, () => LifecycleHandler),
        Obj("preStop", 2, () => LifecycleHandler),
        Str("stopSignal", 3, go: "v1.Signal", optional: true));

    internal static ObjectSchema SecurityContext { get; } = Of("SecurityContext",
        Obj("capabilities", 1, () => Capabilities),
        Bool("privileged", 2, optional: true),
        Obj("seLinuxOptions", 3, () => SELinuxOptions),
        Obj("windowsOptions", 10, () => WindowsSecurityContextOptions),
        Int64("runAsUser", 4, optional: true),
        Int64("runAsGroup", 8, optional: true),
        Bool("runAsNonRoot", 5, optional: true),
        Bool("readOnlyRootFilesystem", 6, optional: true),
        Bool("allowPrivilegeEscalation", 7, optional: true),
        Str("procMount", 9, go: "v1.ProcMountType", optional: true),
        Obj("seccompProfile", 11, () => SeccompProfile),
        Obj("appArmorProfile", 12, () => AppArmorProfile));

    internal static ObjectSchema EphemeralContainerCommon { get; } = Of("EphemeralContainerCommon",
        Str("name", 1, must: true),
        Str("image", 2),
        List("command", 3),
        List("args", 4),
        Str("workingDir", 5),
        Objs("ports", 6, () => ContainerPort, merge: "containerPort",
            keys: "containerPort,protocol=TCP"),
        Objs("envFrom", 19, () => EnvFromSource),
        Objs("env", 7, () => EnvVar, merge: "name"),
        Obj("resources", 8, () => ResourceRequirements),
        Objs("resizePolicy", 23, () => ContainerResizePolicy),
        Str("restartPolicy", 24, go: "v1.ContainerRestartPolicy", optional: true),
        Objs("restartPolicyRules", 25, () => ContainerRestartRule),
        Objs("volumeMounts", 9, () => VolumeMount, merge: "mountPath"),
        Objs("volumeDevices", 21, () => VolumeDevice, merge: "devicePath"),
        Obj("livenessProbe", 10, () => Probe),
        Obj("readinessProbe", 11, () => Probe),
        Obj("startupProbe", 22, () => Probe),
        Obj("lifecycle", 12, () => Lifecycle),
        Str("terminationMessagePath", 13),
        Str("terminationMessagePolicy", 20, go: "v1.TerminationMessagePolicy"),
        Str("imagePullPolicy", 14, go: "v1.PullPolicy"),
        Obj("securityContext", 15, () => SecurityContext),
        Bool("stdin", 16),
        Bool("stdinOnce", 17),
        Bool("tty", 18));

    internal static ObjectSchema ConfigMapEnvSource { get; } = Of("ConfigMapEnvSource",
        Inline(1, () => LocalObjectReference),
        Bool("optional", 2, optional: true));

    internal static ObjectSchema SecretEnvSource { get; } = Of("SecretEnvSource",
        Inline(1, () => LocalObjectReference),
        Bool("optional", 2, optional: true));

    internal static ObjectSchema EnvVarSource { get; } = Of("EnvVarSource",
        Obj("fieldRef", 1, () => ObjectFieldSelector),
        Obj("resourceFieldRef", 2, () => ResourceFieldSelector),
        Obj("configMapKeyRef", 3, () => ConfigMapKeySelector),
        Obj("secretKeyRef", 4, () => SecretKeySelector),
        Obj("fileKeyRef", 5, () => FileKeySelector));

    internal static ObjectSchema ResourceClaim { get; } = Of("ResourceClaim",
        Str("name", 1, must: true),
        Str("request", 2));

    internal static ObjectSchema ContainerRestartRuleOnExitCodes { get; } = Of("ContainerRestartRuleOnExitCodes",
        Str("operator", 1, go: "v1.ContainerRestartRuleOnExitCodesOperator"),
        List("values", 2, FieldKind.Int32));

    internal static ObjectSchema ProbeHandler { get; } = Of("ProbeHandler",
        Obj("exec", 1, () => ExecAction),
        Obj("httpGet", 2, () => HTTPGetAction),
        Obj("tcpSocket", 3, () => TCPSocketAction),
        Obj("grpc", 4, () => GRPCAction));

    internal static ObjectSchema LifecycleHandler { get; } = Of("LifecycleHandler",
        Obj("exec", 1, () => ExecAction),
        Obj("httpGet", 2, () => HTTPGetAction),
        Obj("tcpSocket", 3, () => TCPSocketAction),
        Obj("sleep", 4, () => SleepAction));

    internal static ObjectSchema Capabilities { get; } = Of("Capabilities",
        List("add", 1, go: "v1.Capability"),
        List("drop", 2, go: "v1.Capability"));

    internal static ObjectSchema SELinuxOptions { get; } = Of("SELinuxOptions",
        Str("user", 1),
        Str("role", 2),
        Str("type", 3),
        Str("level", 4));

    internal static ObjectSchema WindowsSecurityContextOptions { get; } = Of("WindowsSecurityContextOptions",
        Str("gmsaCredentialSpecName", 1, optional: true),
        Str("gmsaCredentialSpec", 2, optional: true),
        Str("runAsUserName", 3, optional: true),
        Bool("hostProcess", 4, optional: true));

    internal static ObjectSchema SeccompProfile { get; } = Of("SeccompProfile",
        Str("type", 1, go: "v1.SeccompProfileType", must: true),
        Str("localhostProfile", 2, optional: true));

    internal static ObjectSchema AppArmorProfile { get; } = Of("AppArmorProfile",
        Str("type", 1, go: "v1.AppArmorProfileType", must: true),
        Str("localhostProfile", 2, optional: true));

    internal static ObjectSchema LocalObjectReference { get; } = Of("LocalObjectReference",
        Str("name", 1));

    internal static ObjectSchema ObjectFieldSelector { get; } = Of("ObjectFieldSelector",
        Str("apiVersion", 1),
        Str("fieldPath", 2, must: true));

    internal static ObjectSchema ResourceFieldSelector { get; } = Of("ResourceFieldSelector",
        Str("containerName", 1),
        Str("resource", 2, must: true),
        Quantity("divisor", 3));

    internal static ObjectSchema ConfigMapKeySelector { get; } = Of("ConfigMapKeySelector",
        Inline(1, () => LocalObjectReference),
        Str("key", 2, must: true),
        Bool("optional", 3, optional: true));

    internal static ObjectSchema SecretKeySelector { get; } = Of("SecretKeySelector",
        Inline(1, () => LocalObjectReference),
        Str("key", 2, must: true),
        Bool("optional", 3, optional: true));

    internal static ObjectSchema FileKeySelector { get; } = Of("FileKeySelector",
        Str("volumeName", 1, must: true),
        Str("path", 2, must: true),
        Str("key", 3, must: true),
        Bool("optional", 4, optional: true));

    internal static ObjectSchema ExecAction { get; } = Of("ExecAction",
        List("command", 1));

    internal static ObjectSchema HTTPGetAction { get; } = Of("HTTPGetAction",
        Str("path", 1),
        IntOrString("port", 2, must: true),
        Str("host", 3),
        Str("scheme", 4, go: "v1.URIScheme"),
        Objs("httpHeaders", 5, () => HTTPHeader));

    internal static ObjectSchema TCPSocketAction { get; } = Of("TCPSocketAction",
        IntOrString("port", 1, must: true),
        Str("host", 2));

    internal static ObjectSchema GRPCAction { get; } = Of("GRPCAction",
        Int32("port", 1, must: true),
        Str("service", 2, optional: true));

    internal static ObjectSchema SleepAction { get; } = Of("SleepAction",
        Int64("seconds", 1, must: true));

    internal static ObjectSchema HTTPHeader { get; } = Of("HTTPHeader",
        Str("name", 1, must: true),
        Str("value", 2, must: true));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.core.v1." + name, fields);
}
