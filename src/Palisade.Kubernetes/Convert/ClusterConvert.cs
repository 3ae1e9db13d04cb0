using System.Collections.Immutable;
using System.Globalization;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Kubernetes.Convert;

/// <summary>
/// Objects of the API as the model's. Takes objects as a cluster sends them or as decoded from manifests; a file
/// gives the model
/// its places. Never throws on what it does not understand; policies then fail closed (PolicyConvert).
/// </summary>
public static class ClusterConvert
{
    /// <summary>The namespace an object without one belongs to.</summary>
    public const string DefaultNamespace = "default";

    /// <summary>v1 Namespace; null without a name.</summary>
    public static Namespace? Namespace(WireObject value) =>
        Name(value) is { Length: > 0 } name ? new(name, WireSelectors.Labels(Metadata(value)?["labels"])) : null;

    /// <summary>v1 Node with every address of status.addresses that is an IP; null without a name.</summary>
    public static Node? Node(WireObject value)
    {
        if (Name(value) is not { Length: > 0 } name)
            return null;
        var addresses = Objects((value["status"] as WireObject)?["addresses"])
            .Select(entry => Text(entry["address"]))
            .SelectMany(Addresses)
            .Distinct()
            .ToImmutableArray();
        return new(name, WireSelectors.Labels(Metadata(value)?["labels"]), addresses);
    }

    /// <summary>
    /// v1 Pod; null without a name, or when its phase is Succeeded or Failed (its address may be another's by now).
    /// </summary>
    public static Endpoint? Pod(WireObject value, string? file = null)
    {
        var status = value["status"] as WireObject;
        if (Name(value) is not { Length: > 0 } name || Text(status?["phase"]) is "Succeeded" or "Failed")
            return null;
        var given = Objects(status?["podIPs"]).Select(entry => Text(entry["ip"])).ToArray();
        if (given.Length == 0)
            given = [Text(status?["podIP"])];
        return OfSpec(value["spec"] as WireObject, value["metadata"] as WireObject) with
        {
            Namespace = NamespaceOf(value),
            Name = name,
            Addresses = [.. given.SelectMany(Addresses).Distinct()],
            Workload = Owner(Metadata(value), name),
            Origin = At(file, value.At),
        };
    }

    /// <summary>
    /// The one pod that stands for a workload without pods of its own: its template, under the workload's name.
    /// </summary>
    public static Endpoint? Template(WireObject workload, string kind, string? file = null)
    {
        var spec = workload["spec"] as WireObject;
        if (kind == "CronJob")
            spec = (spec?["jobTemplate"] as WireObject)?["spec"] as WireObject;
        var template = spec?["template"] as WireObject;
        if (Name(workload) is not { Length: > 0 } name || template is null)
            return null;
        return OfSpec(template["spec"] as WireObject, template["metadata"] as WireObject) with
        {
            Namespace = NamespaceOf(workload),
            Name = name,
            Workload = new(kind, name),
            Origin = At(file, workload.At),
        };
    }

    /// <summary>What made an object and looks after it, a Deployment its ReplicaSets; null: nobody.</summary>
    public static Workload? ControllerOf(WireObject value) => Controller(Metadata(value));

    /// <summary>v1 Service; null without a name.</summary>
    public static Service? Service(WireObject value)
    {
        if (Name(value) is not { Length: > 0 } name)
            return null;
        var spec = value["spec"] as WireObject;
        var given = (spec?["clusterIPs"] as WireArray)?.Items.Select(Text).ToArray();
        if (given is not { Length: > 0 })
            given = [Text(spec?["clusterIP"])];
        var selects = spec?["selector"] is WireObject { Members.Length: > 0 } && Text(spec["type"]) != "ExternalName";
        var selector = LabelSelector.Of(WireSelectors.Labels(spec?["selector"]).Pairs
            .Select(pair => new Requirement(pair.Key, SelectorOperator.In, [pair.Value])));
        return new(
            NamespaceOf(value),
            name,
            selects ? selector : null,
            [.. given.SelectMany(Addresses)],
            [.. Objects(spec?["ports"]).Select(Port).OfType<ServicePort>()]);
    }

    /// <summary>
    /// networking.k8s.io/v1 NetworkPolicy, defaulted here if it was not; null without a name. What it does not
    /// understand it
    /// reports and closes: see <see cref="PolicyConvert"/>.
    /// </summary>
    public static NetworkPolicy? NetworkPolicy(
        WireObject value,
        string? file = null,
        ICollection<Diagnostic>? diagnostics = null) =>
        PolicyConvert.Convert(value, file, diagnostics ?? []);

    /// <summary>
    /// A ClusterNetworkPolicy, or an AdminNetworkPolicy or BaselineAdminNetworkPolicy imported as one, of the kind
    /// given; null without a name. What it does not understand it reports and closes (ClusterPolicyConvert).
    /// </summary>
    public static ClusterNetworkPolicy? ClusterNetworkPolicy(
        WireObject value,
        KindSchema kind,
        string? file = null,
        ICollection<Diagnostic>? diagnostics = null) =>
        ClusterPolicyConvert.Convert(value, kind, file, diagnostics ?? []);

    internal static string NamespaceOf(WireObject value) =>
        Text(Metadata(value)?["namespace"]) is { Length: > 0 } text ? text : DefaultNamespace;

    internal static string Name(WireObject value) => Text(Metadata(value)?["name"]);

    internal static string Text(WireValue? value) => (value as WireString)?.Value ?? "";

    internal static SourceLocation At(string? file, Position at) => new(file, at.Line, at.Column);

    internal static IEnumerable<WireObject> Objects(WireValue? list) =>
        list is WireArray array ? array.Items.OfType<WireObject>() : [];

    internal static bool TryProtocol(string text, out Protocol protocol)
    {
        protocol = text switch { "UDP" => Protocol.Udp, "SCTP" => Protocol.Sctp, _ => Protocol.Tcp };
        return text is "" or "TCP" or "UDP" or "SCTP";
    }

    internal static bool TryNumber(WireValue? value, out ushort number)
    {
        number = 0;
        return value is WireNumber n
            && ushort.TryParse(n.Text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;
    }

    private static WireObject? Metadata(WireObject value) => value["metadata"] as WireObject;

    private static Endpoint OfSpec(WireObject? spec, WireObject? metadata) => new()
    {
        Namespace = "",
        Name = "",
        Labels = WireSelectors.Labels(metadata?["labels"]),
        Node = Text(spec?["nodeName"]),
        HostNetwork = spec?["hostNetwork"] is WireBool { Value: true },
        NamedPorts = NamedPorts(spec),
    };

    // Sidecars are init containers that keep running (semantics §1.5); plain init containers have no ports to speak of.
    private static ImmutableArray<NamedPort> NamedPorts(WireObject? spec)
    {
        var containers = Objects(spec?["containers"])
            .Concat(Objects(spec?["initContainers"]).Where(container => Text(container["restartPolicy"]) == "Always"));
        return
        [
            .. containers.SelectMany(container => Objects(container["ports"]))
                .Select(NamedPort).OfType<NamedPort>().Distinct()
                .OrderBy(port => port.Name, StringComparer.Ordinal).ThenBy(port => port.Protocol)
                .ThenBy(port => port.Number),
        ];
    }

    private static NamedPort? NamedPort(WireObject port)
    {
        var name = Text(port["name"]);
        var good = name.Length > 0 && TryProtocol(Text(port["protocol"]), out _)
            && TryNumber(port["containerPort"], out _);
        if (!good)
            return null;
        TryProtocol(Text(port["protocol"]), out var protocol);
        TryNumber(port["containerPort"], out var number);
        return new(name, protocol, number);
    }

    private static ServicePort? Port(WireObject port)
    {
        if (!TryProtocol(Text(port["protocol"]), out var protocol) || !TryNumber(port["port"], out var number))
            return null;
        var target = port["targetPort"];
        if (target is WireString { Value.Length: > 0 } named)
            return new(Text(port["name"]), protocol, number, 0, named.Value);
        return new(Text(port["name"]), protocol, number, TryNumber(target, out var other) ? other : number, null);
    }

    // A ReplicaSet made by a Deployment is named after it and the pod's own template hash.
    private static Workload Owner(WireObject? metadata, string pod)
    {
        if (Controller(metadata) is not { } owner)
            return new("Pod", pod);
        var (kind, name) = owner;
        var hash = Text((metadata?["labels"] as WireObject)?["pod-template-hash"]);
        return kind == "ReplicaSet" && hash.Length > 0 && name.Length > hash.Length + 1
            && name.EndsWith("-" + hash, StringComparison.Ordinal)
            ? new("Deployment", name[..^(hash.Length + 1)])
            : owner;
    }

    private static Workload? Controller(WireObject? metadata) =>
        Objects(metadata?["ownerReferences"]).FirstOrDefault(o => o["controller"] is WireBool { Value: true })
            is { } owner ? new(Text(owner["kind"]), Text(owner["name"])) : null;

    private static IEnumerable<Address> Addresses(string text)
    {
        if (Validate.SloppyCidr.SloppyAddress(text) is { } parsed)
            yield return parsed.Address;
    }
}
