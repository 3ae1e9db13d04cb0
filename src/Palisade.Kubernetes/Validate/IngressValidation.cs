using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// The parts of networking.k8s.io/v1 Ingress validation that people meet: paths, their types, and where they lead.
/// </summary>
internal static class IngressValidation
{
    public static void Check(Place spec, CauseList causes)
    {
        if (spec["rules"].Count == 0 && !spec["defaultBackend"].IsPresent)
            causes.InvalidValue(spec, "{}", "either `defaultBackend` or `rules` must be specified");
        if (spec["defaultBackend"].IsPresent)
            Backend(spec["defaultBackend"], causes);
        foreach (var rule in spec["rules"].Items())
        {
            var host = rule["host"];
            if (host.Text.Length > 0 && !host.Text.StartsWith("*.", StringComparison.Ordinal))
                causes.Invalid(host, host.Text, Names.Subdomain(host.Text));
            var http = rule["http"];
            if (!http.IsPresent)
                continue;
            if (http["paths"].Count == 0)
                causes.Required(http["paths"]);
            foreach (var path in http["paths"].Items())
                Path(path, causes);
        }
    }

    private static void Path(Place path, CauseList causes)
    {
        var (text, type) = (path["path"], path["pathType"]);
        if (!type.IsPresent)
            causes.Required(type, "pathType must be specified");
        else if (type.Text is not ("Exact" or "Prefix" or "ImplementationSpecific"))
            causes.NotSupported(type, type.Text, "Exact", "ImplementationSpecific", "Prefix");
        else if (!text.Text.StartsWith('/') && (type.Text != "ImplementationSpecific" || text.Text.Length > 0))
            causes.Invalid(text, text.Text, "must be an absolute path");
        Backend(path["backend"], causes);
    }

    private static void Backend(Place backend, CauseList causes)
    {
        var service = backend["service"];
        if (backend["resource"].IsPresent)
        {
            if (service.IsPresent)
                causes.InvalidValue(backend, "{}", "cannot set both resource and service backends");
            return;
        }

        if (service["name"].Text.Length == 0)
        {
            causes.Required(service["name"]);
            return;
        }

        causes.Invalid(service["name"], service["name"].Text, Names.OldLabel(service["name"].Text));
        var (name, number) = (service["port"]["name"], service["port"]["number"]);
        if (name.Text.Length > 0 && number.Number != 0)
            causes.Invalid(service, service["name"].Text, "cannot set both port name & port number");
        else if (name.Text.Length > 0)
            causes.Invalid(name, name.Text, Names.PortName(name.Text));
        else if (number.Number != 0)
            causes.Invalid(number, number.Number, Names.PortNumber(number.Number));
        else
            causes.Required(service, "port name or number is required");
    }
}
