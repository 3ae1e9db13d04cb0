using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Validate;

namespace Palisade.ApiServer.Resources;

/// <summary>
/// Gives Services their cluster addresses, as kube-apiserver does: the one that is asked for, or a free one of the
/// range's upper part; kept for as long as the Service is there.
/// </summary>
/// <param name="ranges">One range of a family, the cluster's first family first; none: no address is given out.</param>
internal sealed class ServiceAddresses(ImmutableArray<IPNetwork> ranges)
{
    private const string None = "None";

    private readonly ServiceBookings _bookings = new(service =>
        Cell.Texts(service["spec"]?["clusterIPs"]).Where(text => text != None));

    /// <summary>Fills in families and addresses; answers what is wrong with those that were asked for.</summary>
    public IReadOnlyList<Cause> Assign(JsonObject service, JsonObject? old, IEnumerable<StoredObject> all)
    {
        var spec = service["spec"]!.AsObject();
        if (Cell.Text(spec["type"]) == "ExternalName")
        {
            foreach (var field in (string[])["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"])
                spec.Remove(field);
            return [];
        }

        if (ranges.IsEmpty)
        {
            spec["clusterIP"] ??= None;
            return [];
        }

        var before = old?["spec"] is JsonObject was && Cell.Text(was["type"]) != "ExternalName" ? was : null;
        if (before is not null)
            CarryOver(spec, before);
        if (Normalize(spec, before) is { } mismatch)
            return [mismatch];
        var wished = Cell.Texts(spec["clusterIPs"]).ToList();
        var families = Families(spec, wished, before);
        if (families.Count == 1 && Cell.Text(spec["ipFamilyPolicy"]) == "RequireDualStack")
            return [Causes.Invalid("spec.ipFamilyPolicy", "\"RequireDualStack\"",
                "this cluster is not configured for dual-stack services")];
        if (wished.FirstOrDefault() == None)
            return [];
        return Take(spec, families, wished, _bookings.ByOthers(service, all));
    }

    /// <summary>A replacement that leaves the addresses out keeps them; SingleStack gives the second back.</summary>
    private static void CarryOver(JsonObject spec, JsonObject before)
    {
        if (Cell.Text(spec["clusterIP"]).Length == 0 && !Cell.Texts(spec["clusterIPs"]).Any())
        {
            Copy(spec, before, "clusterIP");
            Copy(spec, before, "clusterIPs");
        }

        Copy(spec, before, "ipFamilyPolicy");
        Copy(spec, before, "ipFamilies");
        if (Cell.Text(spec["ipFamilyPolicy"]) != "SingleStack" || Cell.Text(before["ipFamilyPolicy"]) == "SingleStack")
            return;
        foreach (var list in (string[])["clusterIPs", "ipFamilies"])
        {
            if (spec[list] is JsonArray { Count: 2 } two && JsonNode.DeepEquals(two, before[list]))
                two.RemoveAt(1);
        }
    }

    private static void Copy(JsonObject spec, JsonObject before, string field)
    {
        if ((spec[field] is null || Cell.Text(spec[field]).Length == 0 && spec[field] is not JsonArray { Count: > 0 })
            && before[field] is { } value)
            spec[field] = value.DeepClone();
    }

    /// <summary>clusterIP and clusterIPs[0] are one thing; neither may change once set.</summary>
    private static Cause? Normalize(JsonObject spec, JsonObject? before)
    {
        var one = Cell.Text(spec["clusterIP"]);
        var list = Cell.Texts(spec["clusterIPs"]).ToList();
        var had = Cell.Text(before?["clusterIP"]);
        if (had.Length > 0 && ((one.Length > 0 && one != had) || (list.Count > 0 && list[0] != had)))
        {
            var asked = one.Length > 0 && one != had ? one : list[0];
            return Causes.Invalid("spec.clusterIPs[0]", $"[\"{asked}\"]", "may not change once set");
        }

        if (one.Length > 0 && list.Count > 0 && one != list[0])
            return Causes.Invalid("spec.clusterIPs[0]", $"\"{list[0]}\"", "first value must match `clusterIP`");
        if (one.Length == 0 && list.Count > 0)
            spec["clusterIP"] = list[0];
        else if (one.Length > 0 && list.Count == 0)
            spec["clusterIPs"] = new JsonArray(one);
        return null;
    }

    private List<AddressFamily> Families(JsonObject spec, List<string> wished, JsonObject? before)
    {
        var families = Cell.Texts(spec["ipFamilies"]).Select(text => text == "IPv6" ? V6 : V4).ToList();
        var given = wished.Select(text => IPAddress.TryParse(text, out var address) ? address.AddressFamily : V4);
        if (families.Count == 0)
            families = [.. wished.FirstOrDefault() is null or None ? [Of(ranges[0])] : given];
        // Two families asked for, and no policy: both are required (service/storage.go, initIPFamilyFields).
        spec["ipFamilyPolicy"] ??= families.Count > 1 || wished.Count > 1 ? "RequireDualStack" : "SingleStack";
        if (Cell.Text(spec["ipFamilyPolicy"]) != "SingleStack" && families.Count == 1)
            families.AddRange(ranges.Select(Of).Where(family => family != families[0]));
        spec["ipFamilies"] = new JsonArray([.. families.Select(f => JsonValue.Create(f == V6 ? "IPv6" : "IPv4"))]);
        return families;
    }

    private IReadOnlyList<Cause> Take(
        JsonObject spec, List<AddressFamily> families, List<string> wished, HashSet<string> used)
    {
        var taken = new List<string>();
        for (var i = 0; i < families.Count; i++)
        {
            var range = ranges.FirstOrDefault(range => Of(range) == families[i]);
            if (range == default)
                return [Causes.Invalid($"spec.ipFamilies[{i}]", families[i] == V6 ? "\"IPv6\"" : "\"IPv4\"",
                    "not configured on this cluster")];
            if (i < wished.Count)
            {
                if (Refusal(wished[i], range, used) is { } why)
                    return [Causes.Invalid("spec.clusterIPs", $"[\"{string.Join("\",\"", wished)}\"]", why)];
                taken.Add(IPAddress.Parse(wished[i]).ToString());
            }
            else if (Free(range, used, Seed(spec)) is { } free)
                taken.Add(free);
            else
                return [Causes.Invalid("spec.clusterIPs", "[]", $"failed to allocate a serviceIP: {range} is full")];
        }

        spec["clusterIP"] = taken[0];
        spec["clusterIPs"] = new JsonArray([.. taken.Select(text => JsonValue.Create(text))]);
        return [];
    }

    private static string? Refusal(string text, IPNetwork range, HashSet<string> used)
    {
        if (!IPAddress.TryParse(text, out var address))
            return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        if (!range.Contains(address))
        {
            return $"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range."
                + $" The range of valid IPs is {range}";
        }

        return used.Contains(address.ToString())
            ? $"failed to allocate IP {address}: provided IP is already allocated" : null;
    }

    /// <summary>
    /// A free address of the range's upper part: the lower one is for addresses that people choose (KEP-3070).
    /// </summary>
    private static string? Free(IPNetwork range, HashSet<string> used, string seed)
    {
        var bits = Math.Min(16, range.BaseAddress.GetAddressBytes().Length * 8 - range.PrefixLength);
        var size = 1 << bits;
        var kept = Math.Min(Math.Max(16, size / 16), 256);
        if (size <= 2 * kept)
            kept = 1;
        var room = size - kept - 1;   // without the last one, an IPv4 range's broadcast address
        return ServiceBookings.Free(seed, room, Text, used) is { } free ? Text(free) : null;

        string Text(int place) => At(range, kept + place).ToString();
    }

    private static string Seed(JsonObject spec) =>
        $"{Cell.Text(spec.Parent?["metadata"]?["namespace"])}/{Cell.Text(spec.Parent?["metadata"]?["name"])}";

    private static IPAddress At(IPNetwork range, int offset)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        var sum = new BigInteger(bytes, isUnsigned: true, isBigEndian: true) + offset;
        var digits = sum.ToByteArray(isUnsigned: true, isBigEndian: true);
        var address = new byte[bytes.Length];
        digits.CopyTo(address, bytes.Length - digits.Length);
        return new IPAddress(address);
    }

    private static AddressFamily V4 => AddressFamily.InterNetwork;

    private static AddressFamily V6 => AddressFamily.InterNetworkV6;

    private static AddressFamily Of(IPNetwork range) => range.BaseAddress.AddressFamily;
}
