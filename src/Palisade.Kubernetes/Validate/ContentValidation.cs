using System.Text;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>v1 ConfigMap and Secret: keys, sizes, what a Secret's type asks for, and what immutable forbids.</summary>
internal static class ContentValidation
{
    // core.MaxSecretSize: etcd's own limit on a request is 1.5 MB.
    private const int MostBytes = 1024 * 1024;

    public static void Check(Place root, Place? old, string kind, CauseList causes)
    {
        Keys(root, kind, causes);
        if (kind == "Secret")
            Type(root, causes);
        if (old is not { } before)
            return;
        if (kind == "Secret" && root["type"].Text != before["type"].Text)
            causes.Invalid(root["type"], root["type"].Text, "field is immutable");
        if (!before["immutable"].IsTrue)
            return;
        if (!root["immutable"].IsTrue)
            causes.Forbidden(root["immutable"], "field is immutable when `immutable` is set");
        foreach (var field in (string[])["data", "binaryData"])
        {
            if (!Same(root[field], before[field]))
                causes.Forbidden(root[field], "field is immutable when `immutable` is set");
        }
    }

    private static void Keys(Place root, string kind, CauseList causes)
    {
        var bytes = 0;
        var data = root["data"];
        foreach (var field in (Place[])[data, root["binaryData"]])
        {
            foreach (var member in field.Members.OrderBy(m => m.Name, StringComparer.Ordinal))
            {
                var key = new Place($"{field.Path}[{member.Name}]", member.Value, member.At);
                causes.Invalid(key, member.Name, Names.ConfigKey(member.Name));
                if (field.Path != "data" && data[member.Name].Value is not null)
                    causes.Invalid(key, member.Name, "duplicate of key present in data");
                bytes += Size(member.Value, isText: kind == "ConfigMap" && field.Path == "data");
            }
        }

        if (bytes > MostBytes)
            causes.TooLong(kind == "Secret" ? data : Place.Root((WireObject)root.Value!), MostBytes);
    }

    // Bytes stand in base64: four characters for three of them.
    private static int Size(WireValue value, bool isText) => value is not WireString text ? 0
        : isText ? Encoding.UTF8.GetByteCount(text.Value) : text.Value.Length / 4 * 3;

    private static void Type(Place secret, CauseList causes)
    {
        var data = secret["data"];
        bool Has(string key) => data[key].IsPresent;
        void Must(string key)
        {
            if (!Has(key))
                causes.Required(data with { Path = $"data[{key}]" });
        }

        switch (secret["type"].Text)
        {
            case "kubernetes.io/tls":
                Must("tls.crt");
                Must("tls.key");
                break;
            case "kubernetes.io/dockerconfigjson":
                Must(".dockerconfigjson");
                break;
            case "kubernetes.io/ssh-auth":
                Must("ssh-privatekey");
                break;
            case "kubernetes.io/basic-auth" when !Has("username") && !Has("password"):
                Must("username");
                Must("password");
                break;
            case "kubernetes.io/service-account-token":
                var annotations = secret["metadata"]["annotations"];
                if (annotations["kubernetes.io/service-account.name"].Text.Length == 0)
                    causes.Required(annotations with
                    {
                        Path = "metadata.annotations[kubernetes.io/service-account.name]",
                    });
                break;
        }
    }

    private static bool Same(Place a, Place b) =>
        a.Members.Length == b.Members.Length
        && a.Members.All(member => b[member.Name].Text == (member.Value as WireString)?.Value);
}
