using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Palisade.Lab.Connect;
using Palisade.Lab.Servers;

namespace Palisade.Lab.Pods;

/// <summary>A container's standard input.</summary>
internal enum ContainerInput : byte
{
    /// <summary>It has none.</summary>
    None,

    /// <summary>Until the first client that has brought some goes (stdinOnce).</summary>
    Once,

    /// <summary>For as long as it runs.</summary>
    Always,
}

/// <summary>A container, as far as the lab runs it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Image">What the manifest names; never pulled.</param>
/// <param name="Command">The host program and its arguments; empty when the built-in servers stand in.</param>
/// <param name="Environment">Name and literal value, or the field path of a fieldRef.</param>
/// <param name="WorkingDirectory">Where the program starts, or null.</param>
/// <param name="Ports">The declared ports.</param>
internal sealed record PodContainer(
    string Name,
    string Image,
    ImmutableArray<string> Command,
    ImmutableArray<(string Name, string? Value, string? FieldPath)> Environment,
    string? WorkingDirectory,
    ImmutableArray<LabPort> Ports)
{
    /// <summary>How to find out whether it is ready; null: it is as soon as it runs.</summary>
    public ReadinessProbe? Readiness { get; init; }

    /// <summary>What its command can read.</summary>
    public ContainerInput Input { get; init; }

    /// <summary>Whether its command has a terminal.</summary>
    public bool HasTerminal { get; init; }
}

/// <summary>A Pod of the API, read once. Values the API server has validated are taken as they are.</summary>
internal sealed class PodObject
{
    /// <summary>
    /// The annotation that asks for addresses, as status.podIPs would name them: "10.244.1.9" or "10.244.1.9,fd00::9".
    /// </summary>
    public const string AddressAnnotation = "lab.palisade.dev/pod-ips";

    /// <summary>The annotation that says what the built-in server of a pod is, when it is no echo.</summary>
    public const string ServesAnnotation = "lab.palisade.dev/serves";

    /// <summary>The value that makes it the cluster's DNS.</summary>
    public const string ServesNames = "dns";

    private readonly JsonObject _json;

    /// <summary>Reads a Pod.</summary>
    public PodObject(JsonObject json)
    {
        _json = json;
        var spec = json["spec"] as JsonObject;
        Containers = ReadContainers(spec?["containers"]);
        InitContainers = ReadContainers(spec?["initContainers"]);
        // A sidecar is an init container that keeps running (restartPolicy Always): its ports are open like any
        // other's.
        Sidecars = [.. InitContainers.Where((_, i) => Text(spec!["initContainers"]![i]!["restartPolicy"]) == "Always")];
    }

    public string Namespace => Text(_json["metadata"]?["namespace"]) ?? "";

    public string Name => Text(_json["metadata"]?["name"]) ?? "";

    public string Uid => Text(_json["metadata"]?["uid"]) ?? "";

    public ulong ResourceVersion =>
        ulong.TryParse(Text(_json["metadata"]?["resourceVersion"]), CultureInfo.InvariantCulture, out var version)
            ? version : 0;

    public bool IsDeleting => _json["metadata"]?["deletionTimestamp"] is not null;

    /// <summary>How long its programs have to end once it is deleted (metadata.deletionGracePeriodSeconds).</summary>
    public TimeSpan Grace => TimeSpan.FromSeconds(
        _json["metadata"]?["deletionGracePeriodSeconds"] is JsonValue value && value.TryGetValue<long>(out var seconds)
            ? Math.Clamp(seconds, 0, 1_000_000) : 0);

    public string Created => Text(_json["metadata"]?["creationTimestamp"]) ?? "";

    public string? NodeName => Text(_json["spec"]?["nodeName"]) is { Length: > 0 } name ? name : null;

    public bool IsHostNetwork => IsTrue(_json["spec"]?["hostNetwork"]);

    /// <summary>What its programs take the machine's name to be: at most 63 letters, as the kernel has it.</summary>
    public string HostName
    {
        get
        {
            var name = Text(_json["spec"]?["hostname"]) is { Length: > 0 } asked ? asked : Name;
            return (name.Length > 63 ? name[..63] : name).TrimEnd('-', '.');
        }
    }

    /// <summary>Whether its built-in server answers DNS.</summary>
    public bool IsDns => Text(_json["metadata"]?["annotations"]?[ServesAnnotation]) == ServesNames;

    /// <summary>Its spec, as the API has it.</summary>
    public JsonNode? Spec => _json["spec"];

    public string RestartPolicy => Text(_json["spec"]?["restartPolicy"]) ?? "Always";

    public string Phase => Text(_json["status"]?["phase"]) ?? "Pending";

    /// <summary>Whether its containers have ended for good.</summary>
    public bool IsFinished => Phase is "Succeeded" or "Failed";

    public ImmutableArray<PodContainer> Containers { get; }

    public ImmutableArray<PodContainer> InitContainers { get; }

    public ImmutableArray<PodContainer> Sidecars { get; }

    /// <summary>What runs for as long as the pod does.</summary>
    public IEnumerable<PodContainer> LongRunning => Containers.Concat(Sidecars);

    /// <summary>namespace/name.</summary>
    public string Key => $"{Namespace}/{Name}";

    public JsonNode? Status => _json["status"];

    /// <summary>The node labels that spec.nodeSelector asks for.</summary>
    public IEnumerable<(string Key, string Value)> NodeSelector =>
        _json["spec"]?["nodeSelector"] is JsonObject selector
            ? selector.Select(label => (label.Key, Text(label.Value) ?? ""))
            : [];

    /// <summary>The addresses the pod had or asks for: status.podIPs, else the annotation.</summary>
    public IReadOnlyList<IPAddress> WishedAddresses
    {
        get
        {
            var asked = Text(_json["metadata"]?["annotations"]?[AddressAnnotation]) ?? "";
            var texts = _json["status"]?["podIPs"] is JsonArray { Count: > 0 } list
                ? list.Select(item => Text(item?["ip"]))
                : asked.Split(',', StringSplitOptions.TrimEntries);
            return [.. texts.Select(text => IPAddress.TryParse(text, out var address) ? address : null)
                .OfType<IPAddress>()];
        }
    }

    internal static string? Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static bool IsTrue(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<bool>(out var holds) && holds;

    private static ImmutableArray<PodContainer> ReadContainers(JsonNode? list) =>
        list is JsonArray items ? [.. items.OfType<JsonObject>().Select(ReadContainer)] : [];

    private static PodContainer ReadContainer(JsonObject container)
    {
        var command = Texts(container["command"]);
        return new PodContainer(
            Text(container["name"]) ?? "",
            Text(container["image"]) ?? "",
            // Without a command the arguments belong to the image's entry point, which is not here.
            command.IsEmpty ? [] : [.. command, .. Texts(container["args"])],
            container["env"] is JsonArray variables ? [.. variables.OfType<JsonObject>().Select(ReadVariable)] : [],
            Text(container["workingDir"]),
            container["ports"] is JsonArray ports ? [.. ports.OfType<JsonObject>().Select(ReadPort)] : [])
        {
            Readiness = ReadinessProbe.Read(container),
            Input = !IsTrue(container["stdin"]) ? ContainerInput.None
                : IsTrue(container["stdinOnce"]) ? ContainerInput.Once : ContainerInput.Always,
            HasTerminal = IsTrue(container["tty"]),
        };
    }

    private static (string, string?, string?) ReadVariable(JsonObject variable) =>
        (Text(variable["name"]) ?? "", Text(variable["value"]), Text(variable["valueFrom"]?["fieldRef"]?["fieldPath"]));

    private static LabPort ReadPort(JsonObject port) => new(
        Text(port["protocol"]) switch
        {
            "UDP" => ProbeProtocol.Udp,
            "SCTP" => ProbeProtocol.Sctp,
            _ => ProbeProtocol.Tcp,
        },
        PortNumber(port["containerPort"]) ?? 0);

    /// <summary>A port's number; null for everything else.</summary>
    internal static ushort? PortNumber(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<int>(out var number) && number is > 0 and <= ushort.MaxValue
            ? (ushort)number
            : null;

    private static ImmutableArray<string> Texts(JsonNode? list) =>
        list is JsonArray items ? [.. items.Select(item => Text(item) ?? "")] : [];
}
