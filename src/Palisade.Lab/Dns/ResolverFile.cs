using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.Lab.Services;

namespace Palisade.Lab.Dns;

/// <summary>What /etc/resolv.conf says in a pod, as a kubelet writes it (dnsPolicy and dnsConfig).</summary>
internal static class ResolverFile
{
    /// <summary>The text; null: the machine's own file counts (dnsPolicy Default, or the node's network).</summary>
    public static string? Text(JsonNode? spec, string podNamespace, IPAddress clusterDns)
    {
        var policy = Pods.PodObject.Text(spec?["dnsPolicy"]) ?? "ClusterFirst";
        var isOnHost = spec?["hostNetwork"] is JsonValue value && value.GetValue<bool>();
        if (policy == "Default" || (policy == "ClusterFirst" && isOnHost))
            return null;
        var isCluster = policy != "None";
        var config = spec?["dnsConfig"];
        string[] servers = isCluster ? [clusterDns.ToString()] : [];
        string[] domains = isCluster
            ? [$"{podNamespace}.svc.{ClusterZone.Domain}", $"svc.{ClusterZone.Domain}", ClusterZone.Domain] : [];
        // Five dots: svc.ns.svc.cluster.local has four, so even it is tried below the search list first.
        var options = LabService.Objects(config?["options"]).ToDictionary(
            option => Pods.PodObject.Text(option["name"]) ?? "", option => Pods.PodObject.Text(option["value"]));
        if (isCluster)
            options.TryAdd("ndots", "5");
        var text = new StringBuilder();
        var search = domains.Concat(LabService.Texts(config?["searches"])).Distinct(StringComparer.Ordinal).ToList();
        if (search.Count > 0)
            text.Append("search ").AppendJoin(' ', search).Append('\n');
        foreach (var server in servers.Concat(LabService.Texts(config?["nameservers"])).Distinct().Take(3))
            text.Append("nameserver ").Append(server).Append('\n');
        if (options.Count > 0)
        {
            text.Append("options ").AppendJoin(
                ' ', options.Select(option => option.Value is null ? option.Key : $"{option.Key}:{option.Value}"))
                .Append('\n');
        }

        return text.ToString();
    }
}
