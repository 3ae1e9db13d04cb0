#pragma warning disable CS8603 // The tables refer to each other from lambdas, which run once all of them are built.
using static Palisade.Kubernetes.Schema.Declare;

namespace Palisade.Kubernetes.Schema;

/// <summary>Types of discovery.k8s.io/v1.</summary>
/// <remarks>Names, tags, Go types, merge keys: the structs of k8s.io/api/discovery/v1, 1.35.</remarks>
internal static partial class DiscoveryTypes
{
    internal static ObjectSchema EndpointSlice { get; } = Of("EndpointSlice",
        Str("kind", 0),
        Str("apiVersion", 0),
        Obj("metadata", 1, () => MetaTypes.ObjectMeta),
        Str("addressType", 4, go: "v1.AddressType", must: true),
        Objs("endpoints", 2, () => Endpoint, must: true),
        Objs("ports", 3, () => EndpointPort, must: true));

    internal static ObjectSchema Endpoint { get; } = Of("Endpoint",
        List("addresses", 1, must: true),
        Obj("conditions", 2, () => EndpointConditions),
        Str("hostname", 3, optional: true),
        Obj("targetRef", 4, () => CoreTypes.ObjectReference),
        Map("deprecatedTopology", 5),
        Str("nodeName", 6, optional: true),
        Str("zone", 7, optional: true),
        Obj("hints", 8, () => EndpointHints));

    internal static ObjectSchema EndpointPort { get; } = Of("EndpointPort",
        Str("name", 1, optional: true),
        Str("protocol", 2, go: "v1.Protocol", optional: true),
        Int32("port", 3, optional: true),
        Str("appProtocol", 4, optional: true));

    internal static ObjectSchema EndpointConditions { get; } = Of("EndpointConditions",
        Bool("ready", 1, optional: true),
        Bool("serving", 2, optional: true),
        Bool("terminating", 3, optional: true));

    internal static ObjectSchema EndpointHints { get; } = Of("EndpointHints",
        Objs("forZones", 1, () => ForZone),
        Objs("forNodes", 2, () => ForNode));

    internal static ObjectSchema ForZone { get; } = Of("ForZone",
        Str("name", 1, must: true));

    internal static ObjectSchema ForNode { get; } = Of("ForNode",
        Str("name", 1, must: true));

    private static ObjectSchema Of(string name, params ApiField[] fields) =>
        new("v1." + name, "io.k8s.api.discovery.v1." + name, fields);
}
