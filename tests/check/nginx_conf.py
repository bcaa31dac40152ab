"""How nginx is configured for tests and measurements."""


def configuration(root, port, types, server):
    """One worker, without an access log, that writes beneath `root` and waits on `port` of this
    machine. `types`: media types by the ends of names; `server`: what stands in the server block."""
    return """worker_processes 1; daemon off; pid %(root)s/nginx.pid; error_log %(root)s/error.log;
events { worker_connections 4096; }
http {
  types { %(types)s }
  access_log off; keepalive_requests 10000000; absolute_redirect off;
  client_body_temp_path %(root)s/t1; proxy_temp_path %(root)s/t2; fastcgi_temp_path %(root)s/t3;
  uwsgi_temp_path %(root)s/t4; scgi_temp_path %(root)s/t5;
  open_file_cache max=4000 inactive=60s; sendfile on; tcp_nopush on;
  server { listen 127.0.0.1:%(port)d backlog=1024; %(server)s
  }
}
""" % {"root": root, "port": port, "types": types, "server": server}
