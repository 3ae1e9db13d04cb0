using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Resources;

/// <summary>
/// Gives the ports of Services of type NodePort and LoadBalancer their numbers on nodes, as kube-apiserver does: the
/// one that is asked for, the one it had, or a free one. What is in use the Services say. Nothing listens there.
/// </summary>
internal sealed class ServiceNodePorts
{
    private const int First = 30000;
    private const int Last = 32767;

    private readonly ConditionalWeakTable<StoredObject, string[]> _read = [];

    /// <summary>Fills in numbers; answers what is wrong with those that were asked for.</summary>
    public IReadOnlyList<Cause> Assign(JsonObject service, JsonObject? old, IEnumerable<StoredObject> all)
    {
        var spec = service["spec"]!.AsObject();
        var ports = Cell.Objects(spec["ports"]).ToList();
        var before = Cell.Objects(old?["spec"]?["ports"]).ToList();
        if (!IsOnNodes(spec))
            return Drop(spec, ports, before);
        CarryOver(ports, before);
        var own = StoredObject.KeyOf(service["metadata"]!.AsObject());
        var used = all.Where(stored => stored.Key != own)
            .SelectMany(stored => _read.GetValue(stored, Read)).ToHashSet(StringComparer.Ordinal);
        if (Refusal(ports, used) is { } wrong)
            return [wrong];
        if (spec["allocateLoadBalancerNodePorts"] is { } allocates && !Cell.Flag(allocates))
            return [];
        foreach (var port in ports.Where(port => Number(port) == 0))
        {
            if (Free(used, $"{own.Namespace}/{own.Name}/{port["port"]}", Protocol(port)) is not { } free)
                return [Causes.Invalid("spec.ports", "[]", "failed to allocate a nodePort: range is full")];
            port["nodePort"] = free;
            used.Add($"{free}/{Protocol(port)}");
        }

        return [];
    }

    /// <summary>Whether its type has numbers on nodes.</summary>
    public static bool IsOnNodes(JsonNode? spec) => Cell.Text(spec?["type"]) is "NodePort" or "LoadBalancer";

    // What an earlier type brought along goes with it (dropTypeDependentFields); what is asked for anew is refused.
    private static IReadOnlyList<Cause> Drop(JsonObject spec, List<JsonObject> ports, List<JsonObject> before)
    {
        spec.Remove("allocateLoadBalancerNodePorts");
        if (!Cell.Texts(spec["externalIPs"]).Any())
            spec.Remove("externalTrafficPolicy");
        var had = before.Select(Number).ToHashSet();
        var causes = new List<Cause>();
        for (var i = 0; i < ports.Count; i++)
        {
            if (Number(ports[i]) is var number && number != 0 && !had.Contains(number))
            {
                causes.Add(Causes.Forbidden(
                    $"spec.ports[{i}].nodePort", $"may not be used when `type` is '{Cell.Text(spec["type"])}'"));
            }

            ports[i].Remove("nodePort");
        }

        return causes;
    }

    // By name, as kubectl apply sends ports without their numbers on nodes.
    private static void CarryOver(List<JsonObject> ports, List<JsonObject> before)
    {
        var had = before.ToLookup(port => Cell.Text(port["name"]), Number, StringComparer.Ordinal);
        var taken = ports.Select(Number).ToHashSet();
        foreach (var port in ports.Where(port => Number(port) == 0))
        {
            if (had[Cell.Text(port["name"])].FirstOrDefault() is var number && number != 0 && taken.Add(number))
                port["nodePort"] = number;
        }
    }

    private static Cause? Refusal(List<JsonObject> ports, HashSet<string> used)
    {
        for (var i = 0; i < ports.Count; i++)
        {
            var number = Number(ports[i]);
            if (number == 0)
                continue;
            var why = number is < First or > Last
                ? $"provided port is not in the valid range. The range of valid ports is {First}-{Last}"
                : !used.Add($"{number}/{Protocol(ports[i])}") ? "provided port is already allocated" : null;
            if (why is not null)
                return Causes.Invalid($"spec.ports[{i}].nodePort", $"{number}", why);
        }

        return null;
    }

    // Where the search begins follows from the Service, so that one that is made again most likely gets the same.
    private static long? Free(HashSet<string> used, string seed, string protocol)
    {
        const int Room = Last - First + 1;
        var start = (int)(BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(seed))) % Room);
        for (var tried = 0; tried < Room; tried++)
        {
            var number = First + ((start + tried) % Room);
            if (!used.Contains($"{number}/{protocol}"))
                return number;
        }

        return null;
    }

    private static string[] Read(StoredObject stored) =>
        [.. Cell.Objects(stored.Parse()["spec"]?["ports"]).Where(port => Number(port) != 0)
            .Select(port => $"{Number(port)}/{Protocol(port)}")];

    private static long Number(JsonObject port) => Cell.Number(port["nodePort"]);

    private static string Protocol(JsonObject port) => Cell.Text(port["protocol"]);
}
