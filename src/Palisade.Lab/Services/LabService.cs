using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Palisade.Lab.Pods;

namespace Palisade.Lab.Services;

/// <summary>A port of a Service: its name ("" when it has none), IP protocol number and number.</summary>
internal readonly record struct LabServicePort(string Name, byte Protocol, ushort Number)
{
    /// <summary>udp, sctp or tcp: in names of chains and of the cluster's DNS.</summary>
    public string ProtocolName => Protocol switch { 17 => "udp", 132 => "sctp", _ => "tcp" };
}

/// <summary>A Service as its users see it, before anybody stands behind it.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Its cluster addresses; none when it is headless or leads outside.</param>
/// <param name="ExternalName">The name it stands for, or null.</param>
/// <param name="Ports">Its ports.</param>
internal sealed record LabService(
    string Namespace, string Name, ImmutableArray<IPAddress> Addresses, string? ExternalName,
        ImmutableArray<LabServicePort> Ports)
{
    /// <summary>namespace/name.</summary>
    public string Key => $"{Namespace}/{Name}";

    /// <summary>Whether its name stands for its endpoints' addresses.</summary>
    public bool IsHeadless => Addresses.IsEmpty && ExternalName is null;

    /// <summary>Reads a v1 Service.</summary>
    public static LabService Read(JsonObject service)
    {
        var spec = service["spec"];
        var isExternal = PodObject.Text(spec?["type"]) == "ExternalName";
        return new LabService(
            PodObject.Text(service["metadata"]?["namespace"]) ?? "",
            PodObject.Text(service["metadata"]?["name"]) ?? "",
            [.. Texts(spec?["clusterIPs"]).Select(ParseAddress).OfType<IPAddress>()],
            isExternal ? PodObject.Text(spec?["externalName"]) ?? "" : null,
            [.. Objects(spec?["ports"]).Select(ReadPort).OfType<LabServicePort>()]);
    }

    internal static LabServicePort? ReadPort(JsonObject port) => PodObject.PortNumber(port["port"]) is { } number
        ? new LabServicePort(PodObject.Text(port["name"]) ?? "", ProtocolOf(port), number)
        : null;

    internal static IEnumerable<JsonObject> Objects(JsonNode? list) =>
        list is JsonArray array ? array.OfType<JsonObject>() : [];

    internal static IEnumerable<string> Texts(JsonNode? list) =>
        list is JsonArray array ? array.Select(PodObject.Text).OfType<string>() : [];

    internal static IPAddress? ParseAddress(string text) => IPAddress.TryParse(text, out var address) ? address : null;

    private static byte ProtocolOf(JsonObject port) => PodObject.Text(port["protocol"]) switch
    {
        "UDP" => 17,
        "SCTP" => 132,
        _ => 6,
    };
}

/// <summary>An address behind a Service that takes new connections.</summary>
/// <param name="Address">The pod's address.</param>
/// <param name="Hostname">What it is called below the Service's name; null: its address with dashes.</param>
/// <param name="Ports">Where the Service's ports are there, by the port's name.</param>
internal sealed record LabEndpoint(IPAddress Address, string? Hostname, ImmutableArray<LabServicePort> Ports);

/// <summary>An EndpointSlice: the Service's key, and its ready endpoints.</summary>
internal sealed record LabSlice(string Service, ImmutableArray<LabEndpoint> Endpoints)
{
    /// <summary>Reads a discovery.k8s.io/v1 EndpointSlice.</summary>
    public static LabSlice Read(JsonObject slice)
    {
        var ports = LabService.Objects(slice["ports"])
            .Select(LabService.ReadPort).OfType<LabServicePort>().ToImmutableArray();
        var name = PodObject.Text(slice["metadata"]?["labels"]?["kubernetes.io/service-name"]);
        return new LabSlice(
            $"{PodObject.Text(slice["metadata"]?["namespace"])}/{name}",
            [
                .. LabService.Objects(slice["endpoints"]).Where(IsReady).SelectMany(end =>
                    LabService.Texts(end["addresses"]).Select(LabService.ParseAddress).OfType<IPAddress>()
                        .Select(address => new LabEndpoint(address, PodObject.Text(end["hostname"]), ports))),
            ]);
    }

    /// <summary>ready absent means yes (discovery/v1 EndpointConditions).</summary>
    private static bool IsReady(JsonObject end) =>
        end["conditions"]?["ready"] is not JsonValue value || !value.TryGetValue<bool>(out var ready) || ready;
}
