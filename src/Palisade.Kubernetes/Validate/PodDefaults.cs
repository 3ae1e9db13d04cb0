using Palisade.Kubernetes.Wire;
using static Palisade.Kubernetes.Validate.Defaults;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// Defaults of v1 Pod that clients show or that validation needs (pkg/apis/core/v1/defaults.go): restart and DNS
/// policy, the scheduler's name, volumes' modes, TCP for container ports, probes, pull policies and termination
/// messages.
/// </summary>
internal static class PodDefaults
{
    private static readonly string[] ContainerLists = ["initContainers", "containers", "ephemeralContainers"];
    private static readonly string[] Probes = ["livenessProbe", "readinessProbe", "startupProbe"];

    private static readonly WireObject _spec = Parse("""
        {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
         "securityContext": {}, "terminationGracePeriodSeconds": 30, "enableServiceLinks": true}
        """);

    private static readonly WireObject _container = Parse("""
        {"resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
        """);

    private static readonly WireObject _probe =
        Parse("""{"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}""");

    private static readonly WireObject _httpGet = Parse("""{"path": "/", "scheme": "HTTP"}""");
    private static readonly WireObject _grpc = Parse("""{"service": ""}""");
    private static readonly WireObject _fieldRef = Parse("""{"apiVersion": "v1"}""");
    private static readonly WireObject _emptyDir = Parse("""{"emptyDir": {}}""");
    private static readonly WireObject _mode = Parse("""{"defaultMode": 420}""");
    private static readonly WireObject _hostPath = Parse("""{"type": ""}""");
    private static readonly WireObject _tcp = Parse("""{"protocol": "TCP"}""");

    public static WireObject Apply(WireObject pod) =>
        pod["spec"] is WireObject spec ? pod.With("spec", Spec(spec)) : pod;

    /// <summary>The defaults of a pod's or a template's spec.</summary>
    public static WireObject Spec(WireObject spec)
    {
        foreach (var list in ContainerLists)
            spec = Each(spec, list, Container);
        spec = Each(spec, "volumes", Volume);
        foreach (var name in (string[])["restartPolicy", "dnsPolicy", "schedulerName"])
            spec = WithoutEmpty(spec, name);
        return Fill(spec, _spec);
    }

    private static WireObject Volume(WireObject volume)
    {
        if (volume.Members.All(member => member.Name == "name"))
            return Fill(volume, _emptyDir);
        foreach (var kind in (string[])["secret", "configMap", "downwardAPI", "projected"])
            volume = Within(volume, kind, source => Fill(source, _mode));
        return Within(volume, "hostPath", source => Fill(source, _hostPath));
    }

    private static WireObject Container(WireObject container)
    {
        container = Each(container, "ports", port => Fill(WithoutEmpty(port, "protocol"), _tcp));
        container = Each(container, "env", variable => Within(
            variable, "valueFrom", from => Within(from, "fieldRef", field => Fill(field, _fieldRef))));
        foreach (var probe in Probes)
            container = Within(container, probe, Probe);
        container = Within(container, "lifecycle", hooks =>
            Within(Within(hooks, "preStop", Handler), "postStart", Handler));
        foreach (var name in (string[])["terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy"])
            container = WithoutEmpty(container, name);
        container = Fill(container, _container);
        return container["imagePullPolicy"] is not null
            ? container
            : container.With("imagePullPolicy", new WireString(
                IsLatest((container["image"] as WireString)?.Value ?? "") ? "Always" : "IfNotPresent", container.At));
    }

    private static WireObject Probe(WireObject probe) =>
        Within(Fill(Handler(probe), _probe), "grpc", grpc => Fill(grpc, _grpc));

    private static WireObject Handler(WireObject handler) =>
        Within(handler, "httpGet", get => Fill(get, _httpGet));

    // An empty string is no value: Go cannot tell it from none.
    private static WireObject WithoutEmpty(WireObject holder, string name) =>
        holder[name] is WireString { Value: "" } ? holder.Without(name) : holder;

    private static bool IsLatest(string image)
    {
        var last = image[(image.LastIndexOf('/') + 1)..];
        return !last.Contains('@') && (!last.Contains(':') || last.EndsWith(":latest", StringComparison.Ordinal));
    }
}
