using System.Net;
using System.Text.Json.Nodes;
using Palisade.ApiServer;
using Palisade.Lab.Connect;
using Palisade.Lab.Network;
using Palisade.Lab.Servers;

namespace Palisade.Lab.Dns;

/// <summary>
/// Names of the world outside: the ConfigMap outside-names of kube-system gives each its addresses, or another name
/// (CNAME). Who is named stands outside as soon as somebody asks for it, and answers HTTP at port 80.
/// </summary>
internal sealed class OutsideNames(Palisade.ApiServer.ObjectStore store, Outside outside)
{
    /// <summary>The ConfigMap's name.</summary>
    public const string ConfigMap = "outside-names";

    /// <summary>Longer than cluster names: servers outside stay where they are for some minutes.</summary>
    private const uint TimeToLive = 300;

    private const int MostAliases = 8;
    private static readonly LabPort Http = new(ProbeProtocol.Tcp, 80);

    private readonly Lock _gate = new();
    private readonly HashSet<IPAddress> _served = [];

    /// <summary>Names of RFC 2606 with addresses that are for documentation (RFC 5737, RFC 3849).</summary>
    public static JsonObject Default() => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = ConfigMap, ["namespace"] = DnsObjects.Namespace },
        ["data"] = new JsonObject
        {
            ["www.example.com"] = "203.0.113.80 2001:db8::80",
            ["api.example.com"] = "edge.example.net",
            ["edge.example.net"] = "203.0.113.81 2001:db8::81",
        },
    };

    /// <summary>The answer; null: the name is not one of these.</summary>
    public DnsAnswer? Answer(DnsQuestion question)
    {
        if (!question.IsQuery
            || store.Get("configmaps", DnsObjects.Namespace, ConfigMap)?["data"] is not JsonObject names
            || Words(names, question.Name).Length == 0)
            return null;
        var answers = new List<DnsRecord>();
        var name = question.Name;
        for (var i = 0; i < MostAliases && Words(names, name) is [var alias] && !IPAddress.TryParse(alias, out _); i++)
        {
            answers.Add(DnsWriter.Reference(name, DnsType.CanonicalName, alias));
            name = alias;
        }

        foreach (var word in Words(names, name))
        {
            if (!IPAddress.TryParse(word, out var address))
                continue;
            Serve(address, name);
            var record = DnsWriter.Address(name, address);
            if (question.Type == record.Type || question.Type == DnsType.Any)
                answers.Add(record);
        }

        return new(DnsCode.NoError, [.. answers.Select(record => record with { TimeToLive = TimeToLive })], [], []);
    }

    private static string[] Words(JsonObject names, string name) =>
        names[name]?.GetValue<string>().ToLowerInvariant().Split(
            [' ', ',', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? [];

    private void Serve(IPAddress address, string name)
    {
        lock (_gate)
        {
            if (!_served.Add(address))
                return;
            try
            {
                outside.Own(address);
                outside.Listen(address, Http, name);
            }
            catch (LabException)
            {
                // No host can have it (the name is answered all the same, as anywhere).
            }
        }
    }
}
