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

    private readonly ServiceBookings _bookings = new(service =>
        Cell.Objects(service["spec"]?["ports"]).Where(port => Number(port) != 0).Select(Booking));

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
        var used = _bookings.ByOthers(service, all);
        if (Refusal(ports, used) is { } wrong)
            return [wrong];
        if (spec["allocateLoadBalancerNodePorts"] is { } allocates && !Cell.Flag(allocates))
            return [];
        foreach (var port in ports.Where(port => Number(port) == 0))
        {
            var seed = $"{own.Namespace}/{own.Name}/{port["port"]}";
            string At(int place) => Booking(First + place, port);
            if (ServiceBookings.Free(seed, Last - First + 1, At, used) is not { } free)
                return [Causes.Invalid("spec.ports", "[]", "failed to allocate a nodePort: range is full")];
            port["nodePort"] = (long)(First + free);
            used.Add(Booking(port));
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
                : !used.Add(Booking(ports[i])) ? "provided port is already allocated" : null;
            if (why is not null)
                return Causes.Invalid($"spec.ports[{i}].nodePort", $"{number}", why);
        }

        return null;
    }

    private static long Number(JsonObject port) => Cell.Number(port["nodePort"]);

    private static string Booking(JsonObject port) => Booking(Number(port), port);

    private static string Booking(long number, JsonObject port) => $"{number}/{Cell.Text(port["protocol"])}";
}
