using System.Buffers.Binary;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.Lab.Dns;
using Palisade.Lab.Services;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>The cluster's names, as the Kubernetes DNS specification has them.</summary>
public sealed class ClusterZoneTests
{
    private const DnsType A = DnsType.A;
    private const DnsType V6 = DnsType.AddressV6;

    private static readonly ServiceView View = new(
        [
            Service(
                """{"clusterIPs":["10.96.0.7","fd00:10:96::7"],"ports":[{"name":"http","port":80,"protocol":"TCP"}]}""",
                "web"),
            Service("""{"clusterIPs":["None"],"ports":[{"name":"db","port":5432,"protocol":"TCP"}]}""", "db"),
            Service("""{"type":"ExternalName","externalName":"db.example.com"}""", "far"),
        ],
        [
            Slice("web", """[{"addresses":["10.244.1.2"],"conditions":{"ready":true}}]""", 8080),
            Slice("db", """
                [{"addresses":["10.244.1.3"],"hostname":"db-0","conditions":{"ready":true}},
                 {"addresses":["10.244.1.4"],"conditions":{}},
                 {"addresses":["10.244.1.5"],"conditions":{"ready":false}}]
                """, 5433),
        ]);

    private static readonly ClusterZone Zone = new(
        View, name => name is "shop" or "empty", ip => ip.ToString() == "10.244.1.2" ? "shop" : null,
        [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("10.96.0.0/16"), IPNetwork.Parse("fd00:10:96::/112")]);

    public static TheoryData<string, int, string> Answers => new()
    {
        { "web.shop.svc.cluster.local", (int)A, "10.96.0.7" },
        { "WEB.Shop.SVC.cluster.local", (int)A, "10.96.0.7" },
        { "web.shop.svc.cluster.local", (int)V6, "fd00:10:96::7" },
        { "web.shop.svc.cluster.local", (int)DnsType.Text, "NoError" },
        { "db.shop.svc.cluster.local", (int)A, "10.244.1.3 10.244.1.4" },
        { "db.shop.svc.cluster.local", (int)V6, "NoError" },
        { "db-0.db.shop.svc.cluster.local", (int)A, "10.244.1.3" },
        { "10-244-1-4.db.shop.svc.cluster.local", (int)A, "10.244.1.4" },
        { "10-244-1-5.db.shop.svc.cluster.local", (int)A, "NameError" },
        { "far.shop.svc.cluster.local", (int)A, "=db.example.com" },
        { "_http._tcp.web.shop.svc.cluster.local", (int)DnsType.Service, "100:80:web.shop.svc.cluster.local" },
        { "_db._tcp.db.shop.svc.cluster.local", (int)DnsType.Service,
            "50:5433:db-0.db.shop.svc.cluster.local 50:5433:10-244-1-4.db.shop.svc.cluster.local" },
        { "_http._udp.web.shop.svc.cluster.local", (int)DnsType.Service, "NameError" },
        { "_tcp.web.shop.svc.cluster.local", (int)DnsType.Service, "NoError" },
        { "nobody.shop.svc.cluster.local", (int)A, "NameError" },
        { "web.other.svc.cluster.local", (int)A, "NameError" },
        { "web.shop.cluster.local", (int)A, "NameError" },
        { "empty.svc.cluster.local", (int)A, "NoError" },
        { "other.svc.cluster.local", (int)A, "NameError" },
        { "svc.cluster.local", (int)A, "NoError" },
        { "cluster.local", (int)A, "NoError" },
        { "10-244-1-2.shop.pod.cluster.local", (int)A, "10.244.1.2" },
        { "10-244-1-2.empty.pod.cluster.local", (int)A, "NameError" },
        { "10-244-1-9.shop.pod.cluster.local", (int)A, "NameError" },
        { "7.0.96.10.in-addr.arpa", (int)DnsType.Pointer, "=web.shop.svc.cluster.local" },
        { "3.1.244.10.in-addr.arpa", (int)DnsType.Pointer, "=db-0.db.shop.svc.cluster.local" },
        { "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa", (int)DnsType.Pointer,
            "=web.shop.svc.cluster.local" },
        { "9.9.244.10.in-addr.arpa", (int)DnsType.Pointer, "NameError" },
        { "1.1.1.1.in-addr.arpa", (int)DnsType.Pointer, "Refused" },
        { "arpa", (int)DnsType.Pointer, "Refused" },
        { "example.com", (int)A, "Refused" },
        { "cluster.local.example.com", (int)A, "Refused" },
        { "", (int)A, "Refused" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void Names_mean_what_the_specification_says(string name, int type, string expected)
    {
        var question = DnsQuestion.Parse(Ask(name, (DnsType)type))!;
        var answer = Zone.Answer(question);
        Assert.Equal(expected, Text(answer));
        // What says "no" about a name of the cluster says by whose authority, so that it may be kept.
        var isNo = answer.Answers.Count == 0 && answer.Code != DnsCode.Refused;
        Assert.Equal(isNo, answer.Authorities.Count == 1);
        var written = DnsWriter.Write(question, answer, 512);
        Assert.Equal(answer.Answers.Count, BinaryPrimitives.ReadUInt16BigEndian(written.AsSpan(6)));
        Assert.Equal((int)answer.Code, written[3] & 0xF);
        // The name comes back letter by letter.
        Assert.True(written.AsSpan(12).StartsWith(question.Written));
    }

    [Fact]
    public void An_answer_that_is_too_long_is_cut_and_says_so()
    {
        var addresses = Enumerable.Range(0, 40).Select(i => new IPAddress([10, 0, 0, (byte)i]));
        var many = new DnsAnswer(
            DnsCode.NoError, [.. addresses.Select(address => DnsWriter.Address("x.y", address))], [], []);
        var question = DnsQuestion.Parse(Ask("x.y", A))!;
        var cut = DnsWriter.Write(question, many, 512);
        Assert.True((cut[2] & 2) != 0 && cut.Length < 512);
        Assert.Equal(0, BinaryPrimitives.ReadUInt16BigEndian(cut.AsSpan(6)));
        Assert.Equal(0, DnsWriter.Write(question, many, 4096)[2] & 2);
    }

    [Fact]   // anything may come by UDP
    public void Damaged_questions_are_no_questions()
    {
        var whole = Ask("web.shop.svc.cluster.local", A);
        for (var length = 0; length < whole.Length; length++)
            Assert.Null(DnsQuestion.Parse(whole.AsSpan(0, length)));
        var pointer = Ask("web", A);
        pointer[12] = 0xC0;
        Assert.Null(DnsQuestion.Parse(pointer));
        whole[2] |= 0x80;   // an answer: answering it could go on for ever
        Assert.Null(DnsQuestion.Parse(whole));
        Assert.Null(DnsWriter.FormatError(whole));
        Assert.Equal(DnsCode.FormatError, (DnsCode)DnsWriter.FormatError("palisade"u8)![3]);
    }

    [Theory]
    [InlineData(
        "{}",
        "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n")]
    [InlineData("""{"dnsPolicy":"Default"}""", null)]
    [InlineData("""{"hostNetwork":true}""", null)]
    [InlineData(
        """
        {"dnsPolicy":"None","dnsConfig":
         {"nameservers":["192.0.2.1"],"searches":["a.b"],"options":[{"name":"ndots","value":"2"}]}}
        """,
        "search a.b\nnameserver 192.0.2.1\noptions ndots:2\n")]
    public void A_pods_resolver_is_what_its_dns_policy_says(string spec, string? expected) =>
        Assert.Equal(expected, ResolverFile.Text(JsonNode.Parse(spec), "shop", IPAddress.Parse("10.96.0.10")));

    private static string Text(DnsAnswer answer) => answer.Answers.Count == 0
        ? $"{answer.Code}"
        : string.Join(' ', answer.Answers.Select(record => record.Type switch
        {
            DnsType.A or V6 => $"{new IPAddress(record.Content)}",
            DnsType.Service => $"{record.Content[3]}:{BinaryPrimitives.ReadUInt16BigEndian(record.Content.AsSpan(4))}:"
                + NameIn(record.Content.AsSpan(6)),
            _ => $"={NameIn(record.Content)}",
        }));

    private static string NameIn(ReadOnlySpan<byte> bytes)
    {
        var labels = new List<string>();
        for (var at = 0; bytes[at] != 0; at += bytes[at] + 1)
            labels.Add(Encoding.ASCII.GetString(bytes.Slice(at + 1, bytes[at])));
        return string.Join('.', labels);
    }

    private static byte[] Ask(string name, DnsType type)
    {
        List<byte> bytes = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
            bytes.AddRange([(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]);
        return [.. bytes, 0, 0, (byte)type, 0, 1];
    }

    private static LabService Service(string spec, string name) => LabService.Read(new JsonObject
    {
        ["metadata"] = new JsonObject { ["namespace"] = "shop", ["name"] = name },
        ["spec"] = JsonNode.Parse(spec),
    });

    private static LabSlice Slice(string service, string endpoints, int port) => LabSlice.Read(new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["namespace"] = "shop",
            ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = service },
        },
        ["endpoints"] = JsonNode.Parse(endpoints),
        ["ports"] = new JsonArray(
            new JsonObject { ["name"] = service == "web" ? "http" : "db", ["port"] = port, ["protocol"] = "TCP" }),
    });
}
